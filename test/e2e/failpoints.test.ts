/** A gateway is killed at every moment that matters; what it acknowledged is stored, and nothing is numbered twice. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openSqliteLedger } from '../../src/ledger/sqlite/sqlite.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { armed, digest, type GatewayProcess, publish, spawnGateway } from '../support/gateway.ts';
import { checkpointHalf } from '../support/half-checkpoint.ts';
import { openSse } from '../support/sse-client.ts';
import { type Message, of, type WireChange } from '../support/stream-client.ts';

const lanes = 4;
const recorder = fileURLToPath(new URL('../support/ledger-recorder.ts', import.meta.url));

let folder: string;
let path: string;
let gateway: GatewayProcess | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'manifeed-failpoint-'));
  path = join(folder, 'manifeed.db');
});
afterEach(async () => {
  await gateway?.stop('SIGKILL');
  gateway = null;
  rmSync(folder, { recursive: true, force: true });
});

async function start(failpoint?: string): Promise<GatewayProcess> {
  gateway = await spawnGateway({
    settings: { ledger: `sqlite:${path}` },
    ...(failpoint === undefined ? {} : { failpoint }),
  });
  return gateway;
}

/** Each lane moves a tag of its own, until the gateway is gone; gives the tags and rounds acknowledged. */
async function pushUntilKilled({ port, exited }: GatewayProcess): Promise<string[]> {
  const acknowledged: string[] = [];
  const push = async (lane: number) => {
    for (let round = 0; ; round++) {
      const entry = { reference: `r.test/team/app:lane${lane}`, digest: digest(`${lane} ${round}`) };
      try {
        await publish(port, [entry]);
      } catch {
        return;
      }
      acknowledged.push(`lane${lane} ${entry.digest}`);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => push(lane)));
  expect(await exited).toEqual({ code: null, signal: 'SIGKILL' });
  return acknowledged;
}

/** Starts again and reads everything after `position`, and one change more. */
async function readAfterRestart(position: string) {
  const { port } = await start();
  const client = await openSse(port, { after: position });
  await publish(port, [{ reference: 'r.test/team/app:end', digest: digest('end') }]);
  const changes: WireChange[] = [];
  const resets: Message[] = [];
  while (changes.at(-1)?.tag !== 'end') {
    const message = await client.inbox.until(({ kind }) => kind === 'change' || kind === 'reset');
    if (message.kind === 'change') changes.push(message.change);
    else resets.push(message);
  }
  client.close();
  return { changes, resets };
}

/** Everything acknowledged is stored; positions go on from one, in the same epoch, without a hole or a repetition. */
async function checkStory(acknowledged: readonly string[], position: string): Promise<void> {
  const { changes, resets } = await readAfterRestart(position);
  expect(resets).toEqual([]);
  const [epoch] = position.split('-');
  expect(changes.map((change) => change.position)).toEqual(changes.map((_, n) => `${epoch}-${n + 1}`));
  const stored = new Set(changes.map(({ tag, digest: at }) => `${tag} ${at}`));
  expect(acknowledged.filter((each) => !stored.has(each))).toEqual([]);
  expect(acknowledged.length).toBeGreaterThan(10);
  // At most what was under way at the kill came twice: the sender repeats what it got no answer for.
  expect(changes.length - 1 - acknowledged.length).toBeLessThanOrEqual(lanes);
}

async function beginningOf(port: number): Promise<string> {
  const probe = await openSse(port);
  const { position } = await probe.inbox.until(of('ready'));
  probe.close();
  return position;
}

it.each([
  ['before the commit', 'sqlite.before-commit:25'],
  ['after the commit, before the mark beside the file', 'sqlite.after-commit:25'],
  ['after the mark, before the answer of the worker', 'sqlite.before-answer:25'],
  ['after the answer of the worker, before the acknowledgement', 'sqlite.before-acknowledge:25'],
])(
  'G11: killed %s, the gateway has what it acknowledged and goes on without a hole',
  async (_, failpoint) => {
    const process = await start(failpoint);
    const position = await beginningOf(process.port);
    const acknowledged = await pushUntilKilled(process);
    await checkStory(acknowledged, position);
  },
);

it('G11: killed in the middle of a checkpoint, the gateway has what it acknowledged', async () => {
  const process = await start('sqlite.after-commit:40');
  const position = await beginningOf(process.port);
  const acknowledged = await pushUntilKilled(process);
  const before = statSync(path).size;
  expect(checkpointHalf(path)).toBeGreaterThan(10);
  expect(statSync(path).size).toBeGreaterThan(before);
  await checkStory(acknowledged, position);
});

it('G5: killed in the middle of a trim, the ledger has all after its floor, and the floor only rises', async () => {
  let floor = 0;
  let last = 0;
  for (let run = 1; run <= 3; run++) {
    const child = spawn(process.execPath, [recorder, path, String(run), '40'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env.PATH ?? '', NODE_NO_WARNINGS: '1', ...armed(`sqlite.in-trim:${run * 7}`) },
    });
    const exited = once(child, 'exit');
    const acknowledged: number[] = [];
    for await (const line of createInterface({ input: child.stdout }))
      acknowledged.push(Number(line.split(' ')[0]));
    expect(await exited).toEqual([null, 'SIGKILL']);

    const ledger = await openSqliteLedger({
      path,
      clock: systemClock,
      random: Math.random,
      retention: { maxChanges: 40, maxAgeMs: 86_400_000 },
    });
    const bounds = await ledger.bounds();
    const { changes } = await ledger.read(bounds.floor, 1_000);
    await ledger.close();
    expect(bounds.floor).toBeGreaterThanOrEqual(floor);
    expect(changes.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: bounds.head - bounds.floor }, (_, n) => bounds.floor + n + 1),
    );
    expect(Math.max(last, ...acknowledged)).toBeLessThanOrEqual(bounds.head);
    expect(new Set(acknowledged).size).toBe(acknowledged.length);
    expect(acknowledged.every((sequence) => sequence > last)).toBe(true);
    floor = bounds.floor;
    last = bounds.head;
  }
});
