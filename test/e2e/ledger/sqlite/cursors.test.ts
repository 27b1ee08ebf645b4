/** A gateway that is killed while it saves where its targets are: what was acknowledged is there, and all of a commit. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openSqliteLedger } from '../../../../src/ledger/sqlite/sqlite.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import { armed } from '../../../support/gateway.ts';
import { ledgerFolder } from '../../../support/ledger-files.ts';

const keeper = fileURLToPath(new URL('../../../support/cursor-keeper.ts', import.meta.url));

async function serveUntilKilled(path: string, failpoint: string): Promise<number[]> {
  const child = spawn(process.execPath, [keeper, path, 'g1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH ?? '', NODE_NO_WARNINGS: '1', ...armed(failpoint) },
  });
  const exited = once(child, 'exit');
  const acknowledged: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) acknowledged.push(Number(line));
  expect(await exited).toEqual([null, 'SIGKILL']);
  return acknowledged;
}

test.each([
  ['right after the claim', 'sqlite.after-commit:1', 0],
  ['before the commit of a save', 'sqlite.before-commit:12', 5],
  ['after the commit, before the answer of the worker', 'sqlite.after-commit:12', 5],
  ['after the answer of the worker, before the acknowledgement', 'sqlite.before-acknowledge:6', 5],
])('killed %s, nothing is lost, and the targets can be had at once', async (_when, failpoint, least) => {
  const folder = ledgerFolder();
  try {
    const acknowledged = await serveUntilKilled(folder.path, failpoint);
    expect(acknowledged.length).toBeGreaterThanOrEqual(least);
    const ledger = await openSqliteLedger({
      path: folder.path,
      clock: systemClock,
      random: Math.random,
      retention: { maxChanges: 1_000, maxAgeMs: 86_400_000 },
    });
    const held = await ledger.cursors.claimTargets(['a', 'b'], 'g2', 1_000);
    const { epoch } = await ledger.bounds();
    await ledger.close();
    const last = acknowledged.at(-1) ?? 0;
    const { low = -1 } = held[0]?.cursor ?? {};
    expect([last, last + 1]).toContain(low);
    const cursor = { epoch, low, done: low === 0 ? [] : [low + 2] };
    expect(held).toMatchObject([
      { name: 'a', isNew: false, cursor },
      { name: 'b', isNew: false, cursor },
    ]);
  } finally {
    folder.remove();
  }
});
