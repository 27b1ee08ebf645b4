import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Change } from '../../../../src/event/change.ts';
import type { Ledger } from '../../../../src/ledger/ledger.ts';
import { openSqliteLedger } from '../../../../src/ledger/sqlite/sqlite.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import { ledgerFolder } from '../../../support/ledger-files.ts';

const recorder = fileURLToPath(new URL('../../../support/ledger-recorder.ts', import.meta.url));
const kills = 4;
const acknowledgedBeforeKill = 150;

/** Runs the recorder until so many changes are acknowledged, then kills it; gives what it had acknowledged. */
async function recordAndKill(path: string, run: number): Promise<string[]> {
  const child = spawn(process.execPath, [recorder, path, String(run)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.length === acknowledgedBeforeKill) child.kill('SIGKILL');
  }
  expect(await exited).toEqual([null, 'SIGKILL']);
  return lines;
}

async function readAll(ledger: Ledger): Promise<readonly Change[]> {
  const changes: Change[] = [];
  for (let after = 0; ; ) {
    const page = await ledger.read(after, 1_000);
    changes.push(...page.changes);
    if (page.atHead) return changes;
    after = page.next;
  }
}

test('after kill -9 every acknowledged change is there, dense, and the file can be had at once', async () => {
  const folder = ledgerFolder();
  const acknowledged: string[] = [];
  try {
    for (let run = 1; run <= kills; run++) {
      acknowledged.push(...(await recordAndKill(folder.path, run)));
      const ledger = await openSqliteLedger({
        path: folder.path,
        clock: systemClock,
        random: Math.random,
        retention: { maxChanges: 1_000_000, maxAgeMs: 86_400_000 },
      });
      const changes = await readAll(ledger);
      const { head } = await ledger.bounds();
      const { tags } = await ledger.listTags({ limit: 1 });
      await ledger.close();
      expect(changes.map(({ sequence }) => sequence)).toEqual(Array.from({ length: head }, (_, i) => i + 1));
      const stored = new Set(changes.map(({ sequence, tag }) => `${sequence} ${tag}`));
      expect(acknowledged.filter((line) => !stored.has(line))).toEqual([]);
      expect(tags).toHaveLength(1);
    }
    expect(acknowledged.length).toBeGreaterThanOrEqual(kills * acknowledgedBeforeKill);
  } finally {
    folder.remove();
  }
});
