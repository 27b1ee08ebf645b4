/**
 * What a change costs a program that follows with `manifeed-client`: a stub in another process sends recorded bytes as
 * fast as they are read. It prints changes per second of one core, and the heap on the way.
 *
 *   npx node --expose-gc load-tests/client.ts [--changes 1000000] [--transport websocket,sse,long-poll]
 */
import { fork } from 'node:child_process';
import { parseArgs } from 'node:util';
import { openFeed, type TransportName } from '../client/src/index.ts';
import { writeResults } from './bench/results-file.ts';
import { alignedTable } from './bench/table.ts';

/** Readings of the heap on the way. */
const readings = 10;

const { values } = parseArgs({
  options: {
    changes: { type: 'string', default: '1000000' },
    transport: { type: 'string', default: 'websocket,sse,long-poll' },
  },
});
const changes = Number(values.changes);

const stub = fork(new URL('./client/stub.ts', import.meta.url).pathname);
const port = await new Promise<unknown>((resolve) => stub.once('message', resolve));

interface Result {
  readonly transport: string;
  readonly perSecond: number;
  /** Changes in one second of this process's CPU time. */
  readonly perCpuSecond: number;
  /** MiB after a collection, after each tenth of the changes. */
  readonly heap: readonly number[];
}

/** MiB in use. Without `--expose-gc` it contains what is not collected yet. */
function heapMib(): number {
  globalThis.gc?.();
  return Math.round((process.memoryUsage().heapUsed / 2 ** 20) * 10) / 10;
}

/** CPU time of this process, all threads. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function measure(transport: TransportName): Promise<Result> {
  await using feed = openFeed(`http://127.0.0.1:${port}`, { transport });
  const heap: number[] = [];
  const warmUp = Math.min(50_000, changes / 2);
  let count = 0;
  let at = { time: 0, cpu: 0 };
  let pausedMs = 0;
  let pausedCpu = 0;
  for await (const event of feed.events()) {
    if (event.kind !== 'change') continue;
    if (++count === warmUp) at = { time: performance.now(), cpu: cpuSeconds() };
    if (count > warmUp && (count - warmUp) % Math.ceil(changes / readings) === 0) {
      // The collection for a reading is no part of following.
      const [before, cpuBefore] = [performance.now(), cpuSeconds()];
      heap.push(heapMib());
      pausedMs += performance.now() - before;
      pausedCpu += cpuSeconds() - cpuBefore;
    }
    if (count === warmUp + changes) break;
  }
  const seconds = (performance.now() - at.time - pausedMs) / 1_000;
  return {
    transport,
    perSecond: Math.round(changes / seconds),
    perCpuSecond: Math.round(changes / (cpuSeconds() - at.cpu - pausedCpu)),
    heap,
  };
}

const results: Result[] = [];
for (const name of values.transport.split(','))
  if (name === 'websocket' || name === 'sse' || name === 'long-poll') results.push(await measure(name));
stub.disconnect();

console.log(
  alignedTable([
    ['transport', 'changes/s', 'per CPU s', 'heap, MiB, after each tenth'],
    ...results.map(({ transport, perSecond, perCpuSecond, heap }) => [
      transport,
      perSecond.toLocaleString('en'),
      perCpuSecond.toLocaleString('en'),
      heap.join(' '),
    ]),
  ]),
);
console.log(await writeResults('client', { changes, results }));
