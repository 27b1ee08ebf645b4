/** Times in words. All take ms since the epoch, and none reads a clock. */

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** How long something takes or took, in the largest unit that fits: `12 s`, `3 min`, `5 h`, `2 days`. @param ms ≥ 0 */
export function lengthOf(ms: number): string {
  if (ms < minute) return `${Math.floor(ms / second)} s`;
  if (ms < hour) return `${Math.floor(ms / minute)} min`;
  if (ms < 2 * day) return `${Math.floor(ms / hour)} h`;
  return `${Math.floor(ms / day)} days`;
}

/** `now`, `12 s ago`, `in 3 min`. A second either way is now: clocks of a page and a gateway rarely agree better. */
export function relativeTime(at: number, now: number): string {
  const ms = now - at;
  if (Math.abs(ms) < 1.5 * second) return 'now';
  return ms > 0 ? `${lengthOf(ms)} ago` : `in ${lengthOf(-ms)}`;
}

/** `14:03:22`, and with the day if it is another one than today: `29 Nov 14:03:22`. In the zone of the page. */
export function clockTime(at: number, now: number, locale?: string, timeZone?: string): string {
  const zone = timeZone === undefined ? {} : { timeZone };
  const time = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23', ...zone } as const;
  const dayOf = (ms: number) => new Date(ms).toLocaleDateString('en-CA', zone);
  const clock = new Date(at).toLocaleTimeString(locale, time);
  if (dayOf(at) === dayOf(now)) return clock;
  const date = { day: 'numeric', month: 'short', ...zone } as const;
  return `${new Date(at).toLocaleDateString(locale, date)} ${clock}`;
}

/** The whole time for a tooltip: day, time and zone of the page. */
export function wholeTime(at: number, locale?: string, timeZone?: string): string {
  const zone = timeZone === undefined ? {} : { timeZone };
  return new Date(at).toLocaleString(locale, { dateStyle: 'full', timeStyle: 'long', ...zone });
}
