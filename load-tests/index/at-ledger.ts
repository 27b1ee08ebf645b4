import type { LedgerQueries } from '../../src/ledger/queries.ts';
import { hrMs } from '../bench/control.ts';
import { cpuMs } from '../bench/process-usage.ts';
import { byTurns, type Measured } from './measured.ts';
import { type Pick, queries } from './queries.ts';

/**
 * Asks the ledger in this process, one question at a time.
 *
 * @param serverPid of the Redis server; null: there is none
 */
export function measureLedger(
  ledger: LedgerQueries,
  pick: Pick,
  times: number,
  serverPid: number | null,
): Promise<readonly Measured[]> {
  const cpu = () => cpuMs(process.pid) + (serverPid === null ? 0 : cpuMs(serverPid));
  const byName = new Map(queries.map((query) => [query.name, query]));
  return byTurns([...byName.keys()], times, async (name, count) => {
    const latenciesMs: number[] = [];
    const cpuBefore = cpu();
    let rows = 0;
    for (let i = 0; i < count; i += 1) {
      const startedAt = hrMs();
      const found = await byName.get(name)?.ask(ledger, pick);
      latenciesMs.push(hrMs() - startedAt);
      rows += found?.length ?? 0;
    }
    return { latenciesMs, cpuMs: cpu() - cpuBefore, amount: rows / count };
  });
}
