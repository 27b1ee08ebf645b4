/** What was seen of the pace, second by second. Pure. */
import type { Pace } from '../../gateway/pace.ts';
import { countText } from '../../lib/numbers.ts';

export interface Sample {
  /** Ms since the epoch. */
  readonly at: number;
  /** Delivered since the gateway's start. */
  readonly deliveries: number;
  /** Deliveries a second since the sample before; null: it is the first, or the gateway was started again. */
  readonly perSecond: number | null;
  /** R in force, deliveries a second. */
  readonly rate: number;
  readonly held: number;
}

/** Ten minutes. */
export const maxSamples = 600;

/** @returns the newest `maxSamples`, oldest first. @param at when the answer came, ms since the epoch */
export function addSample(before: readonly Sample[], pace: Pace, at: number): readonly Sample[] {
  const last = before.at(-1);
  if (last !== undefined && at <= last.at) return before;
  const { deliveries, deliveriesPerSecond: rate, heldDeliveries: held } = pace;
  const isSame = last !== undefined && deliveries >= last.deliveries;
  const perSecond = isSame ? ((deliveries - last.deliveries) * 1_000) / (at - last.at) : null;
  return [...before, { at, deliveries, perSecond, rate, held }].slice(-maxSamples);
}

/** One row for each ten seconds, the newest first: what a table shows of it. */
export function rowsOf(samples: readonly Sample[]): readonly Sample[] {
  const newest = new Map<number, Sample[]>();
  for (const sample of samples) {
    const step = Math.floor(sample.at / 10_000);
    newest.set(step, [...(newest.get(step) ?? []), sample]);
  }
  return [...newest.values()].map(meanOf).reverse();
}

function meanOf(samples: readonly Sample[]): Sample {
  const last = samples[samples.length - 1] ?? { at: 0, deliveries: 0, perSecond: null, rate: 0, held: 0 };
  const known = samples.flatMap(({ perSecond }) => perSecond ?? []);
  const sum = known.reduce((total, each) => total + each, 0);
  return { ...last, perSecond: known.length === 0 ? null : sum / known.length };
}

/** A number of deliveries a second, without needless digits. */
export function rateText(perSecond: number): string {
  return perSecond >= 10 || Number.isInteger(perSecond)
    ? countText(Math.round(perSecond))
    : perSecond.toFixed(1);
}

/** The chart in one sentence, for who does not see it. */
export function summaryOf(samples: readonly Sample[]): string {
  const last = samples.at(-1);
  const known = samples.flatMap(({ perSecond }) => perSecond ?? []);
  if (last === undefined || known.length === 0) return 'Deliveries a second: nothing is measured yet.';
  const now = rateText(last.perSecond ?? 0);
  const most = rateText(Math.max(...known));
  return `Deliveries a second: ${now} now, ${most} at most; the pace allows ${rateText(last.rate)}. ${countText(last.held)} held back.`;
}
