// @needs redis-server
/** Gateways share a Redis, and one is killed at every moment that matters: nothing acknowledged is lost or numbered twice. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openRedisLedger } from '../../src/ledger/redis/redis.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { armed, digest, type GatewayProcess, publish, spawnGateway } from '../support/gateway.ts';
import { tagSeen } from '../support/ledger-samples.ts';
import { type RedisNode, startRedis } from '../support/redis.ts';
import { listen, range, sequences } from '../support/redis-ledger.ts';
import { openSse, type SseClient } from '../support/sse-client.ts';
import { of, type WireChange } from '../support/stream-client.ts';
import { until } from '../support/until.ts';

const lanes = 4;
const recorder = fileURLToPath(new URL('../support/ledger-recorder.ts', import.meta.url));

let redis: RedisNode;
const gateways: GatewayProcess[] = [];
const clients: SseClient[] = [];

beforeEach(async () => {
  redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const gateway of gateways.splice(0)) await gateway.stop('SIGKILL');
  await redis.stop();
});

async function start(failpoint?: string): Promise<GatewayProcess> {
  const gateway = await spawnGateway({
    settings: { ledger: redis.url },
    ...(failpoint === undefined ? {} : { failpoint }),
  });
  gateways.push(gateway);
  return gateway;
}

/** Each lane moves a tag of its own by turns at both; what the victim did not answer, it repeats at the other. */
async function pushAtBoth(victim: GatewayProcess, other: GatewayProcess): Promise<string[]> {
  const acknowledged: string[] = [];
  let isGone = false;
  void victim.exited.then(() => {
    isGone = true;
  });
  const push = async (lane: number) => {
    for (let round = 0; !isGone; round++) {
      const entry = { reference: `r.test/team/app:lane${lane}`, digest: digest(`${lane} ${round}`) };
      const first = round % 2 === 0 ? victim : other;
      await publish(first.port, [entry]).catch(() => publish(other.port, [entry]));
      acknowledged.push(`lane${lane} ${entry.digest}`);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => push(lane)));
  expect(await victim.exited).toEqual({ code: null, signal: 'SIGKILL' });
  return acknowledged;
}

async function changesUntilEnd(client: SseClient): Promise<WireChange[]> {
  const changes: WireChange[] = [];
  while (changes.at(-1)?.tag !== 'end') {
    const message = await client.inbox.until(({ kind }) => kind === 'change' || kind === 'reset');
    if (message.kind === 'reset') throw new Error(`reset: ${JSON.stringify(message)}`);
    if (message.kind === 'change') changes.push(message.change);
  }
  return changes;
}

it.each([
  ['before the script is sent', 'redis.before-record:20'],
  ['between the answer of Redis and the acknowledgement', 'redis.before-acknowledge:20'],
])(
  'G11: one of two gateways, killed %s, leaves each acknowledged change once, without a hole',
  async (_, failpoint) => {
    const victim = await start(failpoint);
    const other = await start();
    const live = await openSse(other.port);
    clients.push(live);
    const { position } = await live.inbox.until(of('ready'));
    const acknowledged = await pushAtBoth(victim, other);
    // A new gateway in its place, as a supervisor would start it.
    const next = await start();
    await publish(next.port, [{ reference: 'r.test/team/app:end', digest: digest('end') }]);
    const replay = await openSse(next.port, { after: position });
    clients.push(replay);
    const [epoch] = position.split('-');
    for (const client of [live, replay]) {
      const changes = await changesUntilEnd(client);
      expect(changes.map((change) => change.position)).toEqual(
        changes.map((_change, n) => `${epoch}-${n + 1}`),
      );
      const told = new Map<string, number>();
      for (const { tag, digest: at } of changes)
        told.set(`${tag} ${at}`, (told.get(`${tag} ${at}`) ?? 0) + 1);
      expect(acknowledged.filter((each) => told.get(each) !== 1)).toEqual([]);
      expect(changes).toHaveLength(acknowledged.length + 1);
    }
    expect(acknowledged.length).toBeGreaterThan(20);
  },
);

it('G5: killed in the middle of a trim, a gateway leaves others all after the floor, and the floor only rises', async () => {
  const ledger = await openRedisLedger({
    url: redis.url,
    ...{ clock: systemClock, random: Math.random },
    retention: { maxChanges: 40, maxAgeMs: 86_400_000 },
  });
  try {
    const heard = listen(ledger);
    let floor = 0;
    let last = 0;
    for (let run = 1; run <= 3; run++) {
      const child = spawn(process.execPath, [recorder, redis.url, String(run), '40'], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { PATH: process.env.PATH ?? '', NODE_NO_WARNINGS: '1', ...armed(`redis.mid-trim:${run * 7}`) },
      });
      const exited = once(child, 'exit');
      const acknowledged: number[] = [];
      for await (const line of createInterface({ input: child.stdout }))
        acknowledged.push(Number(line.split(' ')[0]));
      expect(await exited).toEqual([null, 'SIGKILL']);
      await ledger.record([tagSeen(`beside-${run}`, 'one', Date.now())]);
      const bounds = await ledger.bounds();
      const { changes } = await ledger.read(bounds.floor, 1_000);
      expect(bounds.floor).toBeGreaterThanOrEqual(floor);
      expect(sequences(changes)).toEqual(range(bounds.floor + 1, bounds.head));
      expect(new Set(acknowledged).size).toBe(acknowledged.length);
      expect(acknowledged.every((sequence) => sequence > last && sequence <= bounds.head)).toBe(true);
      floor = bounds.floor;
      last = bounds.head;
    }
    expect(floor).toBeGreaterThan(0);
    // The others heard it all, whoever was killed.
    await until('the last change', () => heard.changes.at(-1)?.sequence === last);
    expect(heard.resets).toEqual([]);
    expect(sequences(heard.changes)).toEqual(range(1, last));
  } finally {
    await ledger.close();
  }
});
