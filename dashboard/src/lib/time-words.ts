/** Times in words. All take ms since the epoch, and none reads a clock. */

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** What stands for a time that cannot be read. */
const unknown = 'not known';
/** Furthest from the epoch that a `Date` can be, ms (ECMA-262, "Time Values"); beyond it, formatters throw. */
const furthest = 8.64e15;

function isTime(at: number): boolean {
  return Math.abs(at) <= furthest;
}

/** How long something takes or took, in the largest unit that fits: `12 s`, `3 min`, `5 h`, `2 days`. @param ms ≥ 0 */
export function lengthOf(ms: number): string {
  if (ms < minute) return `${Math.floor(ms / second)} s`;
  if (ms < hour) return `${Math.floor(ms / minute)} min`;
  if (ms < 2 * day) return `${Math.floor(ms / hour)} h`;
  return `${Math.floor(ms / day)} days`;
}

/** `now`, `12 s ago`, `in 3 min`. A second either way is now: clocks of a page and a gateway rarely agree better. */
export function relativeTime(at: number, now: number): string {
  if (!isTime(at)) return unknown;
  const ms = now - at;
  if (Math.abs(ms) < 1.5 * second) return 'now';
  return ms > 0 ? `${lengthOf(ms)} ago` : `in ${lengthOf(-ms)}`;
}

/** Writes times for one place. */
export interface TimeWriter {
  /** `14:03:22`, and with the day if it is another one than that of `now`: `29 Nov 14:03:22`. */
  clock(at: number, now: number): string;
  /** Day, time and zone, for a title. */
  whole(at: number): string;
}

/**
 * Makes formatters once: hundreds of rows use them, and making one takes longer than a row.
 *
 * @param locale default: that of the page @param timeZone default: that of the page
 */
export function timeWriter(locale?: string, timeZone?: string): TimeWriter {
  const zone = timeZone === undefined ? {} : { timeZone };
  const time = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const;
  const clock = new Intl.DateTimeFormat(locale, { ...time, ...zone });
  const date = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', ...zone });
  const whole = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'long', ...zone });
  const day = new Intl.DateTimeFormat('en-CA', zone);
  return {
    clock(at, now) {
      if (!isTime(at)) return unknown;
      const text = clock.format(at);
      return day.format(at) === day.format(now) ? text : `${date.format(at)} ${text}`;
    },
    whole: (at) => (isTime(at) ? whole.format(at) : unknown),
  };
}
