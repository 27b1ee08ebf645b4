/** What one look leaves for the next: a short string in the schedule. Without it a look costs more requests. */

import { maxMemoLength } from '../../cluster/cluster.ts';
import { type Habits, type Hours, noHours } from './interval.ts';

/** What the last look left. */
export interface Memo extends Habits {
  readonly failures: number;
  /** Newest time in the registry's list, ms since the epoch on its clock; null: none yet. */
  readonly newestAt: number | null;
  /** When the list was last read to its end, ms since the epoch; 0: never. */
  readonly sweptAt: number;
  /** The turn through the known tags continues after this tag. */
  readonly cursor: string;
  /** Key of the scopes known to be baselined; under another key the next look asks the ledger. */
  readonly baselined: string;
  /** The kind's own API failed here: use plain tags/list until the next sweep. */
  readonly plainList: boolean;
  /** When a look first found most known tags gone at once, ms since the epoch; 0: no loss is pending. */
  readonly lostSince: number;
}

export const freshMemo: Memo = {
  intervalMs: 0,
  hours: noHours,
  failures: 0,
  newestAt: null,
  sweptAt: 0,
  cursor: '',
  baselined: '',
  plainList: false,
  lostSince: 0,
};

const version = '1';
const maxFailures = 99;

/** Fields in order, separated by spaces; `-` is an empty one. */
export function encodeMemo(memo: Memo): string {
  const text = [
    version,
    Math.round(memo.intervalMs),
    encodeHours(memo.hours),
    Math.min(memo.failures, maxFailures),
    memo.newestAt ?? '-',
    memo.sweptAt,
    memo.cursor || '-',
    memo.baselined || '-',
    memo.plainList ? 1 : 0,
    Math.floor(memo.lostSince),
  ].join(' ');
  if (text.length > maxMemoLength)
    throw new Error(`encode memo: ${text.length} characters: must be at most 512`);
  return text;
}

/** A damaged memo, or one of another version, counts as none. */
export function decodeMemo(text: string | null): Memo {
  const [found, interval, hours, failures, newestAt, sweptAt, cursor, baselined, plainList, lostSince] =
    text?.split(' ') ?? [];
  if (found !== version || plainList === undefined) return freshMemo;
  const numbers = [interval, failures, sweptAt].map(Number);
  if (!numbers.every(Number.isFinite)) return freshMemo;
  return {
    intervalMs: Number(interval),
    hours: decodeHours(hours ?? '-'),
    failures: Number(failures),
    newestAt: newestAt === '-' || !Number.isFinite(Number(newestAt)) ? null : Number(newestAt),
    sweptAt: Number(sweptAt),
    cursor: textOf(cursor),
    baselined: textOf(baselined),
    plainList: plainList === '1',
    lostSince: /^[0-9]{1,15}$/.test(lostSince ?? '') ? Number(lostSince) : 0,
  };
}

function textOf(field: string | undefined): string {
  return field === undefined || field === '-' ? '' : field;
}

function encodeHours(hours: Hours): string {
  return hours.every((count) => count === 0) ? '-' : hours.map((count) => count.toString(36)).join('');
}

function decodeHours(text: string): Hours {
  if (!/^[0-9a-z]{24}$/.test(text)) return noHours;
  return [...text].map((digit) => Number.parseInt(digit, 36));
}
