/** The newest time that RFC 3339 can write (its years have four digits), ms since the epoch. */
export const maxTimeMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Whether a number is a time that the wire can carry: whole ms since the epoch, up to the end of the year 9999. */
export function isTime(timeMs: number): boolean {
  return Number.isSafeInteger(timeMs) && timeMs >= 0 && timeMs <= maxTimeMs;
}
