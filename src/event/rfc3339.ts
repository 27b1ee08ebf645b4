/** A time with nanoseconds. */
export interface Moment {
  /** Whole ms since the epoch. */
  readonly ms: number;
  /** Nanoseconds after `ms`, 0–999,999. */
  readonly nanos: number;
}

const grammar =
  /^(\d{4}-\d{2}-\d{2})[Tt ]((?:[01]\d|2[0-3]):\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/;

/** Parses a time of RFC 3339 with at most nine decimals, as a query's parameter brings it. Null: it is none. */
export function parseRfc3339(text: string): Moment | null {
  // In a query a plus sign means a space: `+02:00` arrives as ` 02:00`.
  const [, day = '', time, decimals = '', zone = ''] =
    grammar.exec(text.replace(/ (\d{2}:\d{2})$/, '+$1')) ?? [];
  if (!isDay(day)) return null;
  const seconds = Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  if (Number.isNaN(seconds)) return null;
  const fraction = Number(decimals.padEnd(9, '0'));
  const nanos = fraction % 1_000_000;
  return { ms: seconds + (fraction - nanos) / 1_000_000, nanos };
}

/** With nine decimals, in UTC. @throws RangeError for a time that a `Date` cannot hold */
export function formatNanos({ ms, nanos }: Moment): string {
  return new Date(ms).toISOString().replace('Z', `${String(nanos).padStart(6, '0')}Z`);
}

/** Negative: `a` is earlier. */
export function compareMoments(a: Moment, b: Moment): number {
  return a.ms - b.ms || a.nanos - b.nanos;
}

/** Whether `yyyy-mm-dd` exists: `Date.parse` reads 30 February as 2 March. */
function isDay(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}
