// @needs redis-server
/** One gateway on a file, whose clock steps while it works and while it is dead; senders compete for tags. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { type GatewayProcess, spawnGateway } from '../support/gateway.ts';
import { checkPositions } from '../support/history-check.ts';
import { readLog, sequenceOf, stateOf } from '../support/read-ledger.ts';
import { until } from '../support/until.ts';
import { openWallClocks } from '../support/wall-clock.ts';
import { judgePushes } from './chaos/judge.ts';
import { ChaosPusher } from './chaos/pusher.ts';
import { chaosHooks, pushedName, pushedRegistry } from './chaos/senders.ts';

const hourMs = 3_600_000;
/** How far the clock is ahead after each step, ms. */
const offsetsMs = [-hourMs, 3 * hourMs, -1_000, -26 * hourMs, 0];
/** Acknowledged between two steps. */
const leastPerStep = 30;

const folder = mkdtempSync(join(tmpdir(), 'manifeed-steps-'));
const clocks = openWallClocks();
let gateway: GatewayProcess | null = null;
let pusher: ChaosPusher | null = null;

afterAll(async () => {
  await pusher?.abandon();
  await gateway?.stop('SIGKILL');
  clocks.close();
  rmSync(folder, { recursive: true, force: true });
});

it('each acknowledged push is visible or overtaken, however the clock steps (G1, G11)', async () => {
  const port = await freePort();
  const clock = clocks.forNode();
  const settings = { ledger: `sqlite:${join(folder, 'm.db')}`, webhooks: chaosHooks };
  const start = () => spawnGateway({ settings, port, env: clock.env });
  gateway = await start();
  const pushing = new ChaosPusher({ port, lanes: 2, everyMs: 10 });
  pusher = pushing;
  pushing.start();
  const some = async () => {
    const enough = pushing.acknowledged.length + leastPerStep;
    await until('pushes to be acknowledged', () => pushing.acknowledged.length >= enough);
  };
  await some();
  for (const [step, offsetMs] of offsetsMs.entries()) {
    const isDead = step % 2 === 1;
    if (isDead) await gateway.stop('SIGKILL');
    clock.set(offsetMs);
    if (isDead) gateway = await start();
    await some();
  }
  await pushing.stop();
  const log = await readLog(port);
  const state = await stateOf(port, [`${pushedRegistry}/${pushedName}`]);
  expect(judgePushes(pushing.pushes, log, state)).toEqual([]);
  expect(checkPositions(log.map(sequenceOf))).toEqual([]);
});
