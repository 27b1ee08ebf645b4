// @needs redis-server
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, expect, it } from 'vitest';
import { isInstalled } from '../../support/parts.ts';
import { startRedis } from '../../support/redis.ts';
import { openWallClocks, type WallClock } from '../../support/wall-clock.ts';

const hourMs = 3_600_000;
const clocks = openWallClocks();
const cleanups: (() => Promise<unknown>)[] = [];
afterAll(() => clocks.close());
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** Answers each line with its time and that of a worker thread. */
const program = `
  const { Worker } = require('node:worker_threads');
  const there = "import { parentPort } from 'node:worker_threads';"
    + "parentPort.on('message', () => parentPort.postMessage(Date.now()));";
  const worker = new Worker(new URL('data:text/javascript,' + there), { execArgv: [] });
  process.stdin.on('data', () => worker.postMessage(0));
  worker.on('message', (theirs) => console.log(JSON.stringify([Date.now(), theirs])));
`;

/** Asks a Node process with this clock what time it is, here and on a thread. */
function startNode(clock: WallClock) {
  const child = spawn(process.execPath, ['--eval', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...clock.env, NODE_NO_WARNINGS: '1' },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  cleanups.push(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  return async () => {
    child.stdin.write('?\n');
    const { value } = await lines.next();
    return JSON.parse(value ?? '[]') as number[];
  };
}

const aheadMs = (time: number | undefined) => (time ?? 0) - Date.now();

it("steps a Node process' wall clock, on its worker threads too, while it runs", async () => {
  const clock = clocks.forNode(-hourMs);
  const ask = startNode(clock);
  for (const offset of [-hourMs, 10 * hourMs, 0]) {
    clock.set(offset);
    const [here, there] = await ask();
    expect(Math.abs(aheadMs(here) - offset)).toBeLessThan(10_000);
    expect(Math.abs(aheadMs(there) - offset)).toBeLessThan(10_000);
  }
});

it("steps Redis' wall clock while it runs, if a C compiler is here", async () => {
  const clock = clocks.forProgram(hourMs);
  if (clock === null) return expect(process.platform === 'linux' && isInstalled('cc')).toBe(false);
  const redis = await startRedis({ env: clock.env });
  cleanups.push(() => redis.stop());
  for (const offset of [hourMs, -hourMs - 1, 1, 0]) {
    clock.set(offset);
    const [seconds] = await redis.admin.time();
    expect(Math.abs(aheadMs(Number(seconds) * 1_000) - offset)).toBeLessThan(10_000);
  }
});

it("says that it can't step another program's clock without a C compiler", () => {
  const without = openWallClocks('no-such-compiler');
  expect(without.forProgram()).toBeNull();
  without.close();
});
