// @needs redis-server
/**
 * Three gateways' ledgers on a primary, a replica and three Sentinels, with a steady stream of pushes, while
 * connections are cut, the primary hangs and dies. In the end every listener has every acknowledged change of the
 * newest epoch, densely and in order, and was told reset about all that came before.
 */
import { expect, test } from 'vitest';
import type { Change } from '../../../../src/event/change.ts';
import type { Ledger, TailEvent } from '../../../../src/ledger/ledger.ts';
import { openRedisLedger } from '../../../../src/ledger/redis/redis.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import { tagSeen } from '../../../support/ledger-samples.ts';
import { type RedisSentinels, startRedisSentinels } from '../../../support/redis.ts';
import { freshPrefix } from '../../../support/redis-ledger.ts';
import { until } from '../../../support/until.ts';

const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 100_000);
const chaosMs = Number(process.env.CHAOS_SECONDS ?? 4) * 1_000;

/** mulberry32: small, and the same in every run with the same seed. */
function seeded(state: number): () => number {
  let a = state;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

test(`no acknowledged change is lost in silence, whatever happens to Redis (seed ${seed})`, {
  timeout: chaosMs + 120_000,
}, async () => {
  const random = seeded(seed);
  const sentinels = await startRedisSentinels();
  const ledgers: Ledger[] = [];
  try {
    const keyPrefix = freshPrefix();
    for (let i = 0; i < 3; i += 1) ledgers.push(await openOn(sentinels, keyPrefix));
    const heard = ledgers.map(listenTo);
    const stop = new AbortController();
    const acknowledged: Change[] = [];
    const pushing = ledgers.map((ledger, i) => pushOn(ledger, `g${i}`, acknowledged, stop.signal));

    await wreak(sentinels, random, chaosMs);
    await until('all to be well again', async () => {
      await Promise.all(ledgers.map((ledger) => ledger.check()));
      return true;
    });
    // On a busy machine fewer come in the same time.
    await until('enough to be acknowledged', () => acknowledged.length > 100);
    stop.abort();
    await Promise.all(pushing);
    const [first] = ledgers;
    if (first === undefined) throw new Error('no ledger');
    // The last push tells when everything before it has been heard. It is repeated, as a sender repeats it: a primary
    // that came back may still believe itself the primary, take the first one, have it heard, and lose it.
    await until('all to hear the last push', async () => {
      const { changes } = await first.record([tagSeen('last', 'one', Date.now())]);
      acknowledged.push(...changes);
      const { epoch } = await first.bounds();
      return heard.every((events) =>
        events.some((event) => event.kind === 'changes' && has(event.changes, 'last', epoch)),
      );
    });
    const { epoch } = await first.bounds();
    for (const events of heard) assertWhole(events, acknowledged, epoch);
    assertAgreed(heard);
  } finally {
    await Promise.all(ledgers.map((ledger) => ledger.close()));
    await sentinels.stop();
  }
});

const has = (changes: readonly Change[], tag: string, epoch: string) =>
  changes.some((change) => change.tag === tag && change.epoch === epoch);

function openOn({ addresses, name }: RedisSentinels, keyPrefix: string): Promise<Ledger> {
  return openRedisLedger({
    ...{ url: 'redis://sentinel', sentinels: addresses, sentinelName: name, keyPrefix },
    ...{ clock: systemClock, random: Math.random, watchEveryMs: 300 },
    timeouts: { connectTimeoutMs: 600, commandTimeoutMs: 400 },
    retention: { maxChanges: 1_000_000, maxAgeMs: 3_600_000 },
  });
}

function listenTo(ledger: Ledger): TailEvent[] {
  const events: TailEvent[] = [];
  ledger.tail((event) => events.push(event));
  return events;
}

async function pushOn(
  ledger: Ledger,
  name: string,
  acknowledged: Change[],
  signal: AbortSignal,
): Promise<void> {
  for (let n = 0; !signal.aborted; n += 1) {
    const push = tagSeen(`${name}-${n % 50}`, `digest-${name}-${n}`, Date.now());
    const recorded = await ledger.record([push]).catch(() => null);
    if (recorded !== null) acknowledged.push(...recorded.changes);
    await systemClock.sleep(recorded === null ? 20 : 2);
  }
}

/** Cuts, hangs and kills until the time is up; at least one real failover. */
async function wreak(sentinels: RedisSentinels, random: () => number, forMs: number): Promise<void> {
  const { primary, replica } = sentinels;
  const alive = new Set([primary, replica]);
  const cut = async (type: string) => {
    for (const node of alive)
      await node.admin.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes').catch(() => {});
  };
  const end = performance.now() + forMs;
  let isDead = false;
  while (performance.now() < end) {
    const dice = random();
    if (dice < 0.4) await cut('pubsub');
    else if (dice < 0.6) await cut('normal');
    else if (!isDead) {
      primary.pause();
      await systemClock.sleep(100 + random() * 600);
      primary.resume();
    }
    if (!isDead && end - performance.now() < forMs * (0.3 + random() * 0.5)) {
      isDead = true;
      alive.delete(primary);
      await primary.kill();
      await until('the replica to be promoted', async () =>
        (await replica.admin.info('replication')).includes('role:master'),
      );
      // It comes back believing itself the primary, until the Sentinels tell it otherwise.
      if (random() < 0.7) {
        await primary.start();
        alive.add(primary);
      }
    }
    await systemClock.sleep(50 + random() * 300);
  }
}

/** Dense within each epoch, and nothing acknowledged in the newest epoch is missing. */
function assertWhole(events: readonly TailEvent[], acknowledged: readonly Change[], epoch: string): void {
  let at: { epoch: string; sequence: number } | null = null;
  const heard = new Map<string, Change>();
  for (const event of events) {
    if (event.kind === 'reset') {
      at = { epoch: event.bounds.epoch, sequence: event.bounds.head };
      continue;
    }
    for (const change of event.changes) {
      at ??= { epoch: change.epoch, sequence: change.sequence - 1 };
      expect([change.epoch, change.sequence]).toEqual([at.epoch, at.sequence + 1]);
      at.sequence = change.sequence;
      heard.set(positionOf(change), change);
    }
  }
  expect(at?.epoch).toBe(epoch);
  const missing = acknowledged.filter((change) => change.epoch === epoch && !heard.has(positionOf(change)));
  expect(missing).toEqual([]);
}

/** One position is one change, at whichever gateway it was heard. */
function assertAgreed(heard: readonly (readonly TailEvent[])[]): void {
  const known = new Map<string, Change>();
  for (const event of heard.flat())
    if (event.kind === 'changes')
      for (const change of event.changes) {
        expect(known.get(positionOf(change)) ?? change).toEqual(change);
        known.set(positionOf(change), change);
      }
}

const positionOf = ({ epoch, sequence }: Change) => `${epoch}-${sequence}`;
