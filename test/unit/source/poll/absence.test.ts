/** A watched repository that the registry does not have, and where operators see that. */
import { expect, it } from 'vitest';
import { countingMetrics } from '../../../support/counting-metrics.ts';
import { emptyView, pollerOf } from '../../../support/poll-rig.ts';
import { registryHeaders } from '../../../support/registry-headers.ts';
import { seeded, VirtualClock } from '../../../support/virtual-clock.ts';

const host = 'registry.example';
const intervalMs = 60_000;
const found = { 'docker-content-digest': `sha256:${'a'.repeat(64)}` };
const list = Buffer.from('{"tags":["1.0"]}');
const unknown = Buffer.from('{"errors":[{"code":"NAME_UNKNOWN"}]}');
const metric = 'poll_repository_unseen_seconds';

/** A registry with or without the repository, and a poller on virtual time. */
async function world(tags: readonly string[] | null, exists: boolean) {
  const clock = new VirtualClock();
  const metrics = countingMetrics();
  const registry = { exists };
  const poll = { minIntervalMs: intervalMs, maxIntervalMs: intervalMs, concurrency: 4, onDemand: true };
  const poller = pollerOf({
    ...{ clock, metrics, random: seeded(1), ledger: emptyView(['*', '1.0']) },
    registries: [{ host, poll: { ...poll, intervalMs, requestsPerSecond: 2 } }],
    watch: tags === null ? [] : [{ repository: `${host}/team/app`, tags }],
    exchangeFor: () => ({
      async send({ method }) {
        await clock.sleep(5);
        if (!registry.exists) return { status: 404, headers: registryHeaders, body: unknown };
        return { status: 200, headers: found, body: method === 'GET' ? list : Buffer.alloc(0) };
      },
      close: async () => {},
    }),
  });
  await poller.start();
  return {
    ...{ registry, poller },
    intervals: (count: number) => clock.run(clock.monotonic() + count * intervalMs),
    repository: () => poller.upstreams()[0]?.repositories[0],
    absent: () => poller.registries()[0]?.absent,
    unseenSeconds: () => metrics.value(metric),
  };
}

it.each([
  ['by a pattern', ['*'], /does not know this repository/],
  ['by exact tags', ['1.0', '1.1'], /none of the watched tags/],
])(
  'a repository that never was, watched %s, has an error and counts as unseen',
  async (_how, tags, error) => {
    const { poller, intervals, repository, absent, unseenSeconds } = await world(tags, false);
    await intervals(10.5);
    // It is asked as before: this is no failure.
    expect(repository()).toMatchObject({
      lastSeen: null,
      failures: 0,
      lastError: expect.stringMatching(error),
    });
    expect(absent()).toEqual({ count: 1, repository: 'team/app' });
    expect(unseenSeconds()).toBeGreaterThan(8 * 60);
    await poller.close();
  },
);

it('a repository that goes and comes back has the error in between, and is unseen since it went', async () => {
  const { poller, registry, intervals, repository, absent, unseenSeconds } = await world(['*'], true);
  await intervals(5.5);
  expect(repository()).toMatchObject({ lastError: null });
  expect(absent()).toBeNull();
  registry.exists = false;
  await intervals(5);
  expect(absent()).toEqual({ count: 1, repository: 'team/app' });
  expect(unseenSeconds()).toBeGreaterThan(4 * 60);
  registry.exists = true;
  await intervals(2);
  expect(repository()).toMatchObject({ lastError: null });
  expect(absent()).toBeNull();
  expect(unseenSeconds()).toBeLessThan(2 * 60);
  await poller.close();
});

it('a subscriber may wait for a tag that is not there yet: that is no error', async () => {
  const { poller, intervals, repository, absent } = await world(null, false);
  await poller.setDemand(`${host}/team/app`, ['2.0']);
  await intervals(3);
  expect(repository()).toMatchObject({ watched: false, lastError: null, lastSeen: expect.any(String) });
  expect(absent()).toBeNull();
  await poller.close();
});
