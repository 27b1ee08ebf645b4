import { spread } from '../bench/statistics.ts';

/** What one kind of question cost. */
export interface Measured {
  readonly name: string;
  readonly p50: number;
  readonly p99: number;
  /** CPU time of the servers, per question, ms; NaN: not known here. */
  readonly cpuMs: number;
  /** Rows per answer, or bytes of the last answer's body. */
  readonly amount: number;
}

/** What came of one round of questions. */
export interface Round {
  readonly latenciesMs: Iterable<number>;
  readonly cpuMs: number;
  readonly amount: number;
}

/** Questions of one kind between two of the others. */
const perRound = 20;

/**
 * Measures each kind in rounds, by turns, so that other load on the machine affects all of them alike. The first round
 * is the warm-up.
 */
export async function byTurns(
  names: readonly string[],
  times: number,
  round: (name: string, count: number) => Promise<Round>,
): Promise<readonly Measured[]> {
  const rounds = new Map<string, Round[]>(names.map((name) => [name, []]));
  const count = Math.min(perRound, times);
  for (let done = -count; done < times; done += count) {
    for (const [name, of] of rounds) {
      const each = await round(name, count);
      if (done >= 0) of.push(each);
    }
  }
  return [...rounds].map(([name, of]) => {
    const sum = (value: (each: Round) => number) => of.reduce((total, each) => total + value(each), 0);
    return {
      ...{ name, ...spread(of.flatMap(({ latenciesMs }) => [...latenciesMs])) },
      cpuMs: sum(({ cpuMs }) => cpuMs) / (of.length * count),
      amount: sum(({ amount }) => amount) / of.length,
    };
  });
}
