/** Summarises several rounds of one herd. Pure. */
import { median } from '../bench/statistics.ts';
import { bins, type StrategyName } from './strategies.ts';

export interface HerdRow {
  readonly kind: 'computed' | 'real';
  readonly strategy: StrategyName;
  readonly clients: number;
  readonly ratePerSecond: number;
  /** Highest bin of each round, ascending. */
  readonly peaks: readonly number[];
  readonly medianPeak: number;
  /** The median peak compared with an even stream of R. */
  readonly ratio: number;
  /** When the last request came, ms after the change; median. */
  readonly lastMs: number;
  /** Of the round with the median peak. */
  readonly bins: readonly number[];
}

/** @param rounds arrivals of each round, ms after the change; at least one */
export function rowOf(
  kind: HerdRow['kind'],
  strategy: StrategyName,
  ratePerSecond: number,
  rounds: readonly (readonly number[])[],
  binMs: number,
): HerdRow {
  const counted = rounds.map((arrivals) => {
    const binned = bins(arrivals, binMs);
    const lastMs = arrivals.reduce((last, at) => Math.max(last, at), 0);
    return { bins: binned, peak: Math.max(...binned), lastMs };
  });
  const medianPeak = median(counted.map(({ peak }) => peak));
  return {
    kind,
    strategy,
    clients: rounds[0]?.length ?? 0,
    ratePerSecond,
    peaks: counted.map(({ peak }) => peak).sort((a, b) => a - b),
    medianPeak,
    ratio: medianPeak / ((ratePerSecond * binMs) / 1000),
    lastMs: median(counted.map(({ lastMs }) => lastMs)),
    bins: counted.find(({ peak }) => peak === medianPeak)?.bins ?? [],
  };
}

/** With fewer rounds, the comparison says nothing about noise. */
const minRounds = 5;
/** Share of the pairs of rounds. 92 % of five against five is p < 0.05 (Mann–Whitney U, two-sided). */
const clearShare = 0.92;

/** Says in how many pairs of rounds pace peaks lower than random jitter, and whether that is more than noise. */
export function comparison(rows: readonly HerdRow[], kind: HerdRow['kind']): string {
  const peaksOf = (strategy: StrategyName) =>
    rows.find((row) => row.kind === kind && row.strategy === strategy)?.peaks ?? [];
  const jitter = peaksOf('random jitter');
  const paced = peaksOf('paced');
  if (Math.min(jitter.length, paced.length) < minRounds) {
    return `${kind}: too few rounds to tell jitter and pace apart: needs ${minRounds} of each`;
  }
  const pairs = jitter.flatMap((high) => paced.map((low) => (low < high ? 1 : low === high ? 0.5 : 0)));
  const lower = pairs.reduce<number>((sum, one) => sum + one, 0);
  const found = `${kind}: paced peaks lower than random jitter in ${lower} of ${pairs.length} pairs of rounds`;
  return lower >= clearShare * pairs.length
    ? `${found}: more than noise`
    : `${found}: not beyond noise; use a quiet machine or more --rounds`;
}
