/** The last time that RFC 3339 can express (its years have four digits), ms since the epoch. */
export const maxTimeMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Whether a number is whole ms since the epoch, up to `maxTimeMs`. */
export function isTime(timeMs: number): boolean {
  return Number.isSafeInteger(timeMs) && timeMs >= 0 && timeMs <= maxTimeMs;
}
