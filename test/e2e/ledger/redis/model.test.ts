// @needs redis-server
/** The Lua restates `decide.ts`: any observations must do in Redis what they do in memory. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Change } from '../../../../src/event/change.ts';
import type { Observation } from '../../../../src/event/observation.ts';
import type { Ledger, Recorded } from '../../../../src/ledger/ledger.ts';
import { openMemoryLedger } from '../../../../src/ledger/memory/memory.ts';
import type { HistoryQuery, TagListQuery } from '../../../../src/ledger/queries.ts';
import { openRedisLedger } from '../../../../src/ledger/redis/redis.ts';
import type { Transferable } from '../../../../src/ledger/transfer.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import { type FakeClock, fakeClock } from '../../../support/fake-clock.ts';
import {
  baselined,
  digestOf,
  listed,
  lookedAt,
  manifestGone,
  manifestSeen,
  repositoryGone,
  tagGone,
  tagSeen,
  where,
} from '../../../support/ledger-samples.ts';
import { type RedisNode, startRedis } from '../../../support/redis.ts';
import { freshPrefix } from '../../../support/redis-ledger.ts';

let redis: RedisNode;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

const retention = { maxChanges: 1_000, maxAgeMs: 3_600_000 };
const limits = { maxDeliveryKeys: 4, maxScopesPerRepository: 3, maxPending: 3 };

const word = fc.constantFrom('one', 'two', 'three');
const tag = fc.constantFrom('a', 'b', '1.0');
// Around the present, both ways: stale, equal and future times must all come up often.
const offsetMs = fc.integer({ min: -6, max: 2 });
const more = fc.record({
  repository: fc.constantFrom('library/base', 'library/other'),
  dedupeKey: fc.option(fc.constantFrom('k1', 'k2', 'k3', 'k4', 'k5', 'k6'), { freq: 1 }),
});
const silent = fc.record({ silent: fc.boolean() });
const said = fc.record({ occurredAt: fc.integer({ min: 0, max: 9_999_999_999_999 }) }, { requiredKeys: [] });
/** Of two senders and the poller. */
const origins = fc.constantFrom('webhook:test', 'webhook:other');
const windowed = fc.record({ dedupeWindowMs: fc.constantFrom(2, 1_000) }, { requiredKeys: [] });

type Made = (now: number) => Observation;

const observation: fc.Arbitrary<Made> = fc
  .record({
    ...{ word, tag, offsetMs, more, silent, said, windowed, none: fc.boolean() },
    ...{ origin: origins, ageMs: fc.integer({ min: 0, max: 6 }) },
  })
  .chain(({ word, tag, offsetMs, more, silent, said, windowed, none, origin, ageMs }) => {
    const members = { ...more, ...said, ...windowed, origin };
    const { repository } = more;
    const look: Made = () => lookedAt(tag, word, ageMs, { repository, ...silent });
    const lookedGone: Made = () => {
      const { saidAt: _, ...gone } = tagGone(tag, 0, { repository, origin: 'poll', looked: true, ageMs });
      return gone;
    };
    const timeless: Made = () => {
      const { saidAt: _, ...seen } = tagSeen(tag, none ? null : word, 0, members);
      return seen;
    };
    const seen: Made = (now) => tagSeen(tag, none ? null : word, now + offsetMs, { ...members, ...silent });
    const gone: Made[] = [
      (now) => tagGone(tag, now + offsetMs, members),
      (now) => manifestSeen(word, now + offsetMs, members),
      (now) => manifestGone(word, now + offsetMs, members),
      (now) => repositoryGone(now + offsetMs, members),
      (now) => baselined(tag, now + offsetMs, members),
      () => listed(none, ageMs, { repository }),
    ];
    return fc.constantFrom(seen, seen, seen, look, look, lookedGone, timeless, ...gone);
  });

const step = fc.record({
  advanceMs: fc.integer({ min: 0, max: 4 }),
  /** The clock is set by so much. */
  stepMs: fc.oneof(
    { weight: 5, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -20, max: 20 }) },
    { weight: 1, arbitrary: fc.constantFrom(-3_600_000, 3_600_000, -1_200_000, 1_200_000, 315_360_000_000) },
  ),
  made: fc.array(observation, { maxLength: 4 }),
});

test('any observations have the same outcomes, changes and answers to every query in Redis as in memory', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      // Of its own for each run: steps of ten years would add up to centuries, and a seed could not be replayed.
      const clock = fakeClock();
      const shared = { random: Math.random, retention, limits };
      const memory = await openMemoryLedger({ ...shared, clock });
      const own = {
        keyPrefix: freshPrefix(),
        clock: systemClock,
        now: () => clock.now(),
        monotonic: () => clock.monotonic(),
      };
      const inRedis = await openRedisLedger({ ...shared, ...own, url: redis.url });
      try {
        for (const { advanceMs, stepMs, made } of steps) {
          clock.advance(advanceMs);
          clock.setWall(clock.now() + stepMs);
          const given = made.map((make) => make(clock.now()));
          expect(plain(await inRedis.record(given))).toEqual(plain(await memory.record(given)));
        }
        expect(await stateOf(inRedis)).toEqual(await stateOf(memory));
        expect(await answersOf(inRedis)).toEqual(await answersOf(memory));
        expect(await pendingOf(inRedis)).toEqual(await pendingOf(memory));
        expect(await memoryOf(inRedis)).toEqual(await memoryOf(memory));
      } finally {
        await Promise.all([memory.close(), inRedis.close()]);
      }
    }),
    { numRuns: 150 },
  );
});

test('any pending observations are kept, leased and settled in Redis as in memory', async () => {
  const clock: FakeClock = fakeClock();
  const action = fc.oneof(
    fc.record({ defer: fc.array(fc.constantFrom('k1', 'k2', 'k3', null), { maxLength: 3 }) }),
    fc.record({ claim: fc.constant(5), leaseMs: fc.constantFrom(5, 50) }),
    fc.record({ settle: fc.nat(4) }),
    fc.record({ advanceMs: fc.constantFrom(3, 20) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 20 }), async (actions) => {
      const shared = { random: Math.random, retention, limits: { maxPending: 5 } };
      const memory = await openMemoryLedger({ ...shared, clock });
      const own = {
        keyPrefix: freshPrefix(),
        clock: systemClock,
        now: () => clock.now(),
        monotonic: () => clock.monotonic(),
      };
      const inRedis = await openRedisLedger({ ...shared, ...own, url: redis.url });
      const ledgers = [memory, inRedis].map((ledger) => ({ ledger, ids: [] as string[] }));
      /** What each did, with ids told by the order in which they were given. */
      const both = async (act: (ledger: Ledger, ids: string[]) => Promise<unknown>) => {
        const [first, second] = await Promise.all(ledgers.map(({ ledger, ids }) => act(ledger, ids)));
        expect(second).toEqual(first);
      };
      try {
        for (const one of actions) {
          if ('advanceMs' in one) clock.advance(one.advanceMs);
          else if ('defer' in one)
            await both(async (ledger, ids) => {
              const given = one.defer.map((dedupeKey) => tagSeen('a', null, clock.now(), { dedupeKey }));
              const kept = await ledger.defer(given).catch((error: Error) => error.message);
              if (typeof kept === 'string') return kept;
              ids.push(...kept.map(({ id }) => id));
              return kept.map(({ observation }) => observation);
            });
          else if ('claim' in one)
            // As a set: which of several free ones comes first may differ once a lease has lapsed.
            await both(async (ledger) => (await ledger.claimPending(one.claim, one.leaseMs)).length);
          else
            await both(async (ledger, ids) => {
              const id = ids[one.settle] ?? 'no-such';
              return plain(await ledger.record([tagSeen('a', 'one', clock.now())], [id]));
            });
        }
      } finally {
        await Promise.all([memory.close(), inRedis.close()]);
      }
    }),
    { numRuns: 60 },
  );
});

async function pendingOf(ledger: Ledger) {
  const pending = await ledger.claimPending(10, 1);
  return pending.map(({ observation: { dedupeWindowMs: _, ...rest } }) => ({ ...rest, silent: null }));
}

/** What the rows remember, which only an export shows. */
async function memoryOf(ledger: Ledger & Transferable) {
  const rows: string[] = [];
  for await (const row of ledger.exportRows())
    if (row.row === 'tag' || row.row === 'manifest') rows.push(JSON.stringify(row, Object.keys(row).sort()));
  return rows.sort();
}

/** Without the epoch, which is random. */
function plain({ outcomes, changes }: Recorded) {
  return { outcomes, changes: changes.map(withoutEpoch) };
}

function withoutEpoch({ epoch: _epoch, ...change }: Change) {
  return change;
}

const repositories = ['library/base', 'library/other'].map((repository) => ({ ...where, repository }));
const tags = ['a', 'b', '1.0'];
const words = ['one', 'two', 'three'];

async function stateOf(ledger: Ledger) {
  const { head, floor } = await ledger.bounds();
  const { changes } = await ledger.read(0, 1_000);
  const scopes = await Promise.all(
    repositories.map(({ registry, repository }) => ledger.baselines(registry, repository)),
  );
  return { head, floor, changes: changes.map(withoutEpoch), scopes };
}

/** What every index gives: of all, of each repository, of each tag and of each digest. */
async function answersOf(ledger: Ledger) {
  const listed = async (query: Omit<TagListQuery, 'limit'>) =>
    (await ledger.listTags({ ...query, limit: 100 })).tags;
  const historyOf = async (of?: HistoryQuery['of']) => {
    const { changes, next } = await ledger.history({ ...(of === undefined ? {} : { of }), limit: 1_000 });
    return { changes: changes.map(withoutEpoch), next };
  };
  const names = repositories.flatMap((of) => tags.map((tag) => ({ ...of, tag })));
  const ofEach = repositories.map(async (of) => {
    const within = { repositories: [`${of.registry}/${of.repository}`] };
    return {
      tags: await listed({ within, order: 'desc' }),
      moved: await listed({ within, sort: 'updated' }),
      digests: await ledger.digests(of, words.map(digestOf)),
      history: await historyOf(of),
    };
  });
  const known = (await ledger.listRepositories({ limit: 100 })).repositories;
  return {
    tags: await listed({}),
    moved: await listed({ sort: 'updated', order: 'desc' }),
    atDigests: await Promise.all(
      words.map(async (word) => (await ledger.tagsAt({ digest: digestOf(word), limit: 100 })).tags),
    ),
    states: await ledger.states(names),
    repositories: known.map(({ lastChange, ...of }) => ({ ...of, newest: lastChange?.sequence ?? null })),
    ofEach: await Promise.all(ofEach),
    histories: await Promise.all([historyOf(), ...names.map(historyOf)]),
  };
}
