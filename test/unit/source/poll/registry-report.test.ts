import { afterEach, expect, test } from 'vitest';
import type { Poller } from '../../../../src/source/poll/poller.ts';
import type { Answer } from '../../../../src/upstream/exchange.ts';
import { UpstreamError } from '../../../../src/upstream/upstream-error.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { pollerOf, registryOf } from '../../../support/poll-rig.ts';

let poller: Poller | null = null;
afterEach(() => poller?.close());

const refusal: Answer = { status: 429, headers: { 'retry-after': '60' }, body: Buffer.alloc(0) };

test('a registry is throttled once it refuses, left alone as long as it says, and well again after a while', async () => {
  const clock = fakeClock();
  poller = pollerOf({
    ...{ clock, registries: [registryOf('r.test')] },
    exchangeFor: () => ({ send: async () => refusal, close: async () => {} }),
  });
  expect(poller.registries()).toEqual([
    {
      ...{ registry: 'r.test', state: 'ok', leftAloneUntil: null, repositories: 0 },
      ...{ absent: null, unreadable: null, lastFailure: null },
    },
  ]);
  await poller.head('r.test', 'a', '1');
  const until = new Date(clock.now() + 60_000).toISOString();
  expect(poller.registries()).toMatchObject([{ state: 'throttled', leftAloneUntil: until }]);
  clock.advance(60_000);
  expect(poller.registries()).toMatchObject([{ state: 'throttled', leftAloneUntil: null }]);
  clock.advance(9 * 60_000);
  expect(poller.registries()).toMatchObject([{ state: 'ok' }]);
});

test('a registry that fails again and again is left alone, and then probed', async () => {
  const clock = fakeClock();
  poller = pollerOf({ clock, random: () => 0.5, registries: [registryOf('r.test')] });
  for (let n = 0; n < 5; n++) poller.upstreamOf('r.test')?.heard(new UpstreamError('server', 'status 500'));
  const [left] = poller.registries();
  expect(left?.state).toBe('left-alone');
  clock.advance(Date.parse(left?.leftAloneUntil ?? '') - clock.now());
  expect(poller.registries()).toMatchObject([{ state: 'probing', leftAloneUntil: null }]);
});

test('a registry is failing from the second failure in a row until it answers', () => {
  poller = pollerOf({ clock: fakeClock(), registries: [registryOf('r.test')] });
  const heard = (error: Error | null) => {
    poller?.upstreamOf('r.test')?.heard(error);
    return poller?.registries()[0]?.state;
  };
  const outage = new UpstreamError('network', 'ask r.test: no connection');
  expect([outage, outage, outage, outage].map(heard)).toEqual(['ok', 'failing', 'failing', 'failing']);
  expect(heard(null)).toBe('ok');
  expect(heard(outage)).toBe('ok');
});

test('the last failed look is told with its repository and reason', async () => {
  const clock = fakeClock();
  poller = pollerOf({
    ...{ clock, registries: [registryOf('r.test')], watch: [{ repository: 'r.test/team/a', tags: ['*'] }] },
    exchangeFor: () => ({
      async send() {
        throw new UpstreamError('network', 'ask r.test: no connection');
      },
      close: async () => {},
    }),
  });
  const at = clock.now();
  await poller.start();
  while (poller.registries()[0]?.lastFailure === null) {
    clock.advance(10);
    await new Promise(setImmediate);
  }
  const [{ lastFailure } = { lastFailure: null }] = poller.registries();
  expect(lastFailure).toMatchObject({ repository: 'team/a', reason: 'ask r.test: no connection' });
  expect(Date.parse(lastFailure?.at ?? '')).toBeGreaterThanOrEqual(at);
});

/** A poller of one watched tag; `answer` answers each request. */
async function watching(clock: ReturnType<typeof fakeClock>, answer: (url: URL) => Answer) {
  const polling = pollerOf({
    ...{ clock, registries: [registryOf('r.test')], watch: [{ repository: 'r.test/team/a', tags: ['1.0'] }] },
    exchangeFor: () => ({ send: async ({ url }) => answer(url), close: async () => {} }),
  });
  poller = polling;
  await polling.start();
  return async (until: () => boolean) => {
    while (!until()) {
      clock.advance(10);
      await new Promise(setImmediate);
    }
  };
}

const nothing = { headers: {}, body: Buffer.alloc(0) };

test.each([
  [401, 'denied', /status 401: must be public, or username and password must be set/],
  [404, 'invalid', /status 404 without an error of a registry/],
])(
  'a registry that answers %i is no outage, and its repository is unreadable from the second look on',
  async (status, reason, error) => {
    const clock = fakeClock();
    const pass = await watching(clock, () => ({ ...nothing, status }));
    const [first] = poller?.registries() ?? [];
    expect(first?.unreadable).toBeNull();
    await pass(() => poller?.registries()[0]?.unreadable !== null);
    expect(poller?.registries()).toMatchObject([
      {
        state: 'ok',
        unreadable: { count: 1, repository: 'team/a', reason, error: expect.stringMatching(error) },
      },
    ]);
    expect(poller?.upstreams()[0]?.repositories[0]?.failures).toBe(2);
  },
);

test('an outage makes no repository unreadable, and a good look ends it', async () => {
  const clock = fakeClock();
  let status = 500;
  const found = { 'docker-content-digest': `sha256:${'a'.repeat(64)}` };
  const pass = await watching(clock, () => ({ ...nothing, status, headers: found }));
  await pass(() => poller?.registries()[0]?.state === 'failing');
  expect(poller?.registries()[0]?.unreadable).toBeNull();
  status = 403;
  await pass(() => poller?.registries()[0]?.unreadable !== null);
  status = 200;
  await pass(() => poller?.registries()[0]?.unreadable === null);
});
