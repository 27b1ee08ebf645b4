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
      ...{ absent: null, lastFailure: null },
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
