/** Times in words. All take ms since the epoch, and none reads a clock. */

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** What stands for a time that cannot be read. */
const unknown = 'not known';
/** Furthest from the epoch that a `Date` can be in every zone, ms: a day less than ECMA-262, "Time Values", allows. */
const furthest = 8.64e15 - day;

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

/** Minutes that a place is ahead of UTC at a time. */
export type OffsetAt = (at: number) => number;

/** That of the page. */
const pageOffset: OffsetAt = (at) => -new Date(at).getTimezoneOffset();

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/**
 * `14:03:22`, and with the day if it is another one than that of `now`: `29 Nov 14:03:22`.
 *
 * Written by hand, as all of the page: the first use of `Intl` keeps a page busy for 40 ms, while it is drawn first.
 *
 * @param offsetAt default: that of the page
 */
export function clockTime(at: number, now: number, offsetAt: OffsetAt = pageOffset): string {
  if (!isTime(at)) return unknown;
  const there = shifted(at, offsetAt);
  const isToday = dayOf(there) === dayOf(shifted(now, offsetAt));
  const date = isToday ? '' : `${there.getUTCDate()} ${months[there.getUTCMonth()]} `;
  return `${date}${timeOfDay(there)}`;
}

/** Day, time and zone, for a title: `Monday 30 Nov 2026, 14:03:22 UTC+01:00`. @param offsetAt default: that of the page */
export function wholeTime(at: number, offsetAt: OffsetAt = pageOffset): string {
  if (!isTime(at)) return unknown;
  const there = shifted(at, offsetAt);
  const day = [
    weekdays[there.getUTCDay()],
    ...[there.getUTCDate(), months[there.getUTCMonth()], there.getUTCFullYear()],
  ].join(' ');
  return `${day}, ${timeOfDay(there)} ${zoneText(offsetAt(at))}`;
}

/** What the clocks of a place show, as if that were UTC. */
function shifted(at: number, offsetAt: OffsetAt): Date {
  return new Date(at + offsetAt(at) * minute);
}

/** Days since the epoch. */
function dayOf(there: Date): number {
  return Math.floor(there.getTime() / day);
}

function timeOfDay(there: Date): string {
  return [there.getUTCHours(), there.getUTCMinutes(), there.getUTCSeconds()].map(twoDigits).join(':');
}

function zoneText(offset: number): string {
  if (offset === 0) return 'UTC';
  const size = Math.abs(offset);
  return `UTC${offset < 0 ? '-' : '+'}${twoDigits(Math.floor(size / 60))}:${twoDigits(size % 60)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
