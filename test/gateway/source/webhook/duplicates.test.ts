/** Webhooks against a real ledger: repetitions, old deliveries and tags completed later. */
import { afterEach, describe, expect, test } from 'vitest';
import { isDigest } from '../../../../src/event/digest.ts';
import { openMemoryLedger } from '../../../../src/ledger/memory/memory.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import { noLog } from '../../../../src/lib/log.ts';
import { noMetrics } from '../../../../src/lib/metrics.ts';
import { Completion, giveUpAfterMs } from '../../../../src/source/webhook/completion.ts';
import type { HookOptions } from '../../../../src/source/webhook/kind.ts';
import type { HeadAnswer } from '../../../../src/upstream/head-queue.ts';
import {
  allFixtures,
  type Fixture,
  hookFor,
  hookOf,
  makeTestServer,
  readFixture,
  urlOf,
} from '../../../support/webhook.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Route, ledger and completion, as the app fits them. `head` answers for every registry. */
async function makeGateway(hooks: readonly HookOptions[], head: () => Promise<HeadAnswer>) {
  const ledger = await openMemoryLedger({
    retention: { maxChanges: 1_000, maxAgeMs: 1e12 },
    clock: systemClock,
    random: Math.random,
  });
  let settled = 0;
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const completion = new Completion({
    registries: { head },
    ledger: {
      claimPending: (limit, leaseMs) => ledger.claimPending(limit, leaseMs),
      async record(observations, settles) {
        const recorded = await ledger.record(observations, settles);
        settled += settles.length;
        for (const { count, resolve } of waiting) if (settled >= count) resolve();
        return recorded;
      },
    },
    countOutcomes() {},
    clock: systemClock,
    random: Math.random,
    metrics: noMetrics,
    log: noLog,
  });
  let deferred = 0;
  const server = await makeTestServer(hooks, {
    clock: systemClock,
    completion,
    ledger: {
      record: (observations) => ledger.record(observations),
      async defer(incomplete) {
        deferred += (await ledger.defer(incomplete)).length;
      },
    },
    fetchText: async () => '',
  });
  completion.start();
  closers.push(
    () => completion.close(),
    () => server.app.close(),
    () => ledger.close(),
  );
  /** Waits until everything deferred so far is settled, and says what changed. */
  const changes = async () => {
    const count = deferred;
    if (settled < count) await new Promise<void>((resolve) => waiting.push({ count, resolve }));
    return (await ledger.read(0, 1_000)).changes.map(({ type, tag, digest }) => ({ type, tag, digest }));
  };
  const post = async (fixture: Pick<Fixture, 'body' | 'headers'>, hook: HookOptions) => {
    const { headers, body: payload } = fixture;
    return (await server.app.inject({ method: 'POST', url: urlOf(hook), headers, payload })).statusCode;
  };
  return { ledger, changes, post };
}

const digestOf = (letter: string) => {
  const digest = `sha256:${letter.repeat(64)}`;
  if (!isDigest(digest)) throw new Error(digest);
  return digest;
};
const answerOf = (letter: string) => ({ digest: digestOf(letter), mediaType: null, size: null });

const announcing = allFixtures().filter(({ name }) => !/confirmation|delete/.test(name));

describe.each(announcing)('six identical deliveries of $name make one change', (fixture) => {
  test.each<[string, HeadAnswer]>([
    ['when the registry can be asked', answerOf('a')],
    ['when it is not configured', 'unconfigured'],
  ])('%s', async (_when, answer) => {
    const hook = hookOf(fixture);
    const gateway = await makeGateway([hook], async () => answer);
    const answers = await Promise.all(Array.from({ length: 6 }, () => gateway.post(fixture, hook)));
    expect(answers).toEqual(Array(6).fill(202));
    expect(await gateway.changes()).toHaveLength(1);
    expect(await gateway.post(fixture, hook)).toBe(202);
    expect(await gateway.changes()).toHaveLength(1);
  });
});

test.each([
  ['quay', 'quay/repo-push'],
  ['docker-hub', 'docker-hub/push'],
] as const)(
  'two pushes to %s that look the same to the byte are two changes, since a HEAD tells them apart',
  async (kind, fixture) => {
    const hook = hookFor(kind);
    let letter = 'a';
    const gateway = await makeGateway([hook], async () => answerOf(letter));
    await gateway.post(readFixture(fixture), hook);
    expect(await gateway.changes()).toHaveLength(1);
    letter = 'b';
    await gateway.post(readFixture(fixture), hook);
    expect((await gateway.changes()).map(({ type, digest }) => [type, digest])).toEqual([
      ['tag.created', digestOf('a')],
      ['tag.updated', digestOf('b')],
    ]);
  },
);

test('an old delivery that a registry repeats never flips a tag back', async () => {
  const hook = hookFor('distribution');
  const gateway = await makeGateway([hook], async () => 'unconfigured');
  const { body, headers } = readFixture('distribution/manifest-push-tag');
  const event = (letter: string, time: string, id: string) => ({
    headers,
    body: Buffer.from(
      body
        .toString('utf8')
        .replaceAll(/sha256:[0-9a-f]{64}/g, digestOf(letter))
        .replace('2026-11-23T21:03:19.967014427Z', time)
        .replace('d4277caa', id),
    ),
  });
  await gateway.post(event('a', '2026-01-01T00:00:00.1Z', '00000001'), hook);
  await gateway.post(event('b', '2026-01-01T00:00:00.3Z', '00000003'), hook);
  await gateway.post(event('c', '2026-01-01T00:00:00.2Z', '00000002'), hook);
  await gateway.post(event('a', '2026-01-01T00:00:00.1Z', '00000001'), hook);
  expect((await gateway.changes()).map(({ digest }) => digest)).toEqual([digestOf('a'), digestOf('b')]);
});

test('a push in the same second as a look that saw the old digest still counts', async () => {
  const hook = { ...hookFor('harbor'), registry: 'h.test' };
  const gateway = await makeGateway([hook], async () => 'unconfigured');
  const { body, headers } = readFixture('harbor/push-artifact-cloudevents');
  const base = {
    kind: 'tag',
    registry: 'h.test',
    repository: 'apps/web',
    tag: '1.4.2',
    origin: 'poll',
  } as const;
  const seenAt = Date.parse('2026-01-15T08:00:01.400Z');
  await gateway.ledger.record([
    { ...base, digest: digestOf('0'), mediaType: null, size: null, looked: true, ageMs: Date.now() - seenAt },
  ]);
  await gateway.post({ body, headers }, hook);
  expect((await gateway.changes()).map(({ type }) => type)).toEqual(['tag.created', 'tag.updated']);
});

test('the sender is answered at once while the registry hangs', async () => {
  const hook = hookFor('docker-hub');
  const gateway = await makeGateway([hook], () => new Promise(() => {}));
  const startedAt = performance.now();
  expect(await gateway.post(readFixture('docker-hub/push'), hook)).toBe(202);
  // Long before the registry is given up.
  expect(performance.now() - startedAt).toBeLessThan(giveUpAfterMs / 2);
});
