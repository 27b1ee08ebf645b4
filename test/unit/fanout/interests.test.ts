import { afterEach, describe, expect, test } from 'vitest';
import { ManifeedError } from '../../../src/errors.ts';
import { Interests } from '../../../src/fanout/interests.ts';
import { type Gateway, startGateway } from '../../support/gateway.ts';
import { filterOf, openWorld } from '../../support/hub-world.ts';
import { poll } from '../../support/long-poll-client.ts';
import { openSse } from '../../support/sse-client.ts';
import { RefusedError } from '../../support/stream-client.ts';
import { openWebSocket } from '../../support/websocket-client.ts';

const limits = { globsPerConnection: 4, globs: 6, repositories: 20 };
const globs = (from: number, count: number) => Array.from({ length: count }, (_, n) => `g${from + n}/*x`);

async function refused(asking: Promise<unknown>) {
  const error: unknown = await asking.catch((reason: unknown) => reason);
  if (error instanceof RefusedError) return error.refusal;
  throw new Error('subscribe: accepted: must be refused');
}

function codeOf(run: () => void): string {
  try {
    run();
    return 'held';
  } catch (error) {
    if (error instanceof ManifeedError) return error.code;
    throw error;
  }
}

describe('Interests', () => {
  test('bounds the globs and ranges of one connection, tags too', () => {
    const some = new Interests(limits);
    const held = some.hold(filterOf({ repository: globs(0, 2), tag: ['1.*', 'exact'] }), []);
    expect(codeOf(() => some.hold(filterOf({ repository: globs(0, 2) }), [held]))).toBe('SUBSCRIPTION_LIMIT');
    const ranges = filterOf({ repository: ['a'], tag: ['semver:^1', 'semver:^2'] });
    expect(codeOf(() => some.hold(ranges, [held]))).toBe('SUBSCRIPTION_LIMIT');
    expect(codeOf(() => some.hold(filterOf({ repository: globs(0, 1) }), [held]))).toBe('held');
  });

  test('bounds different globs over all, and what is released makes room', () => {
    const some = new Interests(limits);
    const first = some.hold(filterOf({ repository: globs(0, 4) }), []);
    const before = some.counts;
    expect(codeOf(() => some.hold(filterOf({ repository: globs(4, 3) }), []))).toBe('TOO_MANY_CONNECTIONS');
    expect(some.counts).toEqual(before);
    // No new glob among them.
    expect(codeOf(() => some.hold(filterOf({ repository: globs(1, 3) }), []))).toBe('held');
    some.release(first);
    expect(some.counts.globs).toBe(3);
    expect(codeOf(() => some.hold(filterOf({ repository: globs(4, 3) }), []))).toBe('held');
  });

  test('bounds repositories over all, once for each tag, and equal filters once', () => {
    const some = new Interests(limits);
    const wide = { repository: ['a', 'b', 'c'], tag: ['1', '2', '3', '4'] };
    const one = some.hold(filterOf(wide), []);
    expect(some.counts.entries).toBe(16);
    expect(some.hold(filterOf(wide), [])).toBe(one);
    expect(some.counts.entries).toBe(16);
    const more = filterOf({ repository: ['d', 'e', 'f', 'g', 'h'] });
    expect(codeOf(() => some.hold(more, []))).toBe('TOO_MANY_CONNECTIONS');
    some.release(one);
    expect(codeOf(() => some.hold(more, []))).toBe('TOO_MANY_CONNECTIONS');
    some.release(one);
    expect(codeOf(() => some.hold(more, []))).toBe('held');
  });
});

describe('a hub with bounded interests', () => {
  test('counts subscriptions that still replay, and lets all go with their connection', async () => {
    const world = await openWorld({ interests: limits });
    await world.push('g0/x');
    world.ledger.held = true;
    const member = world.connect();
    world.subscribe(member, { id: 'a', repository: globs(0, 4), start: world.after(0) });
    expect(codeOf(() => world.subscribe(member, { id: 'b', repository: globs(0, 1) }))).toBe(
      'SUBSCRIPTION_LIMIT',
    );
    expect(codeOf(() => world.join({ repository: globs(4, 3) }))).toBe('TOO_MANY_CONNECTIONS');
    world.hub.unsubscribe(member.subscriber, 'a');
    world.subscribe(member, { id: 'c', repository: globs(4, 3) });
    world.hub.disconnect(member.subscriber);
    world.join({ repository: globs(7, 4) });
    world.ledger.held = false;
    world.ledger.release();
    world.hub.close();
  });
});

describe('a gateway over its bounds of interest', () => {
  let gateway: Gateway;
  afterEach(() => gateway.close());

  test('refuses on every transport and adds nothing', async () => {
    gateway = await startGateway({ limits: { globsPerConnection: 3, globs: 4 } });
    const socket = await openWebSocket(gateway.port);
    await socket.subscribe({ repository: globs(0, 3) }, 'a');
    expect(await refused(socket.subscribe({ repository: globs(0, 1) }, 'b'))).toMatchObject({
      code: 'SUBSCRIPTION_LIMIT',
      detail: { parameter: 'repository' },
    });
    const repository = globs(10, 2);
    expect(await refused(openSse(gateway.port, { repository }))).toMatchObject({
      status: 503,
      code: 'TOO_MANY_CONNECTIONS',
    });
    const query = repository.map((each) => `repository=${encodeURIComponent(each)}`).join('&');
    expect((await poll(gateway.port, `/v2/updates?wait=20s&${query}`)).status).toBe(503);
    for (const transport of ['sse', 'long-poll'])
      while ((await gateway.metric(new RegExp(`^manifeed_subscribers.*${transport}`))) > 0);
    socket.close();
  });

  test('leaves the place of a refused stream to the next', async () => {
    gateway = await startGateway({ limits: { globs: 1, connections: 1 } });
    for (let n = 0; n < 3; n++) {
      const refusal = await refused(openSse(gateway.port, { repository: globs(0, 2) }));
      expect(refusal.message).toContain('different globs');
    }
    const client = await openSse(gateway.port, { repository: globs(0, 1) });
    client.close();
  });
});
