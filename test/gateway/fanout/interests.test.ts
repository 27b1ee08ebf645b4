import { afterEach, describe, expect, test } from 'vitest';
import { ManifeedError } from '../../../src/errors.ts';
import { type InterestLimits, Interests, maxRemembered } from '../../../src/fanout/interests.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { type Gateway, startGateway } from '../../support/gateway.ts';
import { filterOf, openWorld } from '../../support/hub-world.ts';
import { defaultInterestLimits } from '../../support/interest-limits.ts';
import { poll } from '../../support/long-poll-client.ts';
import { openSse } from '../../support/sse-client.ts';
import { RefusedError } from '../../support/stream-client.ts';
import { until } from '../../support/until.ts';
import { openWebSocket } from '../../support/websocket-client.ts';

const globs = (from: number, count: number) => Array.from({ length: count }, (_, n) => `g${from + n}/*x`);
const names = (from: number, count: number) => Array.from({ length: count }, (_, n) => `team/n${from + n}`);
const everybody = filterOf();

function interests(limits: Partial<InterestLimits> = {}, clock = fakeClock()) {
  const some = new Interests({ ...defaultInterestLimits, ...limits }, clock);
  return {
    some,
    clock,
    hold: (input: Parameters<typeof filterOf>[0], owner = '') => some.hold(filterOf(input), owner, []),
  };
}

function refusalOf(run: () => void): ManifeedError | null {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof ManifeedError) return error;
    throw error;
  }
}

const codeOf = (run: () => void) => refusalOf(run)?.code ?? 'held';

async function refused(asking: Promise<unknown>) {
  const error: unknown = await asking.catch((reason: unknown) => reason);
  if (error instanceof RefusedError) return error.refusal;
  throw new Error('subscribe: accepted: must be refused');
}

describe('what one connection may ask for', () => {
  test('globs count by their wildcards and ranges by their comparators', () => {
    const { some } = interests({ globsPerConnection: 8 });
    const held = some.hold(filterOf({ repository: ['a/*/x*', 'b/**'], tag: ['1.*', 'exact'] }), '', []);
    const more = (input: Parameters<typeof filterOf>[0]) =>
      codeOf(() => some.hold(filterOf(input), '', [held]));
    expect(more({ repository: ['c/*a*b*c*d*'] })).toBe('SUBSCRIPTION_LIMIT');
    expect(more({ tag: ['semver:^1 || ^2 || ^3'] })).toBe('SUBSCRIPTION_LIMIT');
    expect(more({ tag: ['semver:^1 || ^2'] })).toBe('held');
  });

  test('memory counts by what it takes, and the refusal names what was found', () => {
    const { some } = interests({ filterBytesPerConnection: 10_000 });
    const held = some.hold(filterOf({ repository: names(0, 10) }), '', []);
    expect(refusalOf(() => some.hold(filterOf({ repository: names(10, 10) }), '', [held]))).toMatchObject({
      code: 'SUBSCRIPTION_LIMIT',
      message: expect.stringMatching(/^subscribe: \d{5} bytes of memory for filters: must be at most 10000/),
      detail: { parameter: 'repository' },
    });
  });

  test('a thousand names with a hundred tags each are refused by default', () => {
    const { some } = interests();
    const tag = Array.from({ length: 100 }, (_, n) => `t${n}`);
    expect(codeOf(() => some.hold(filterOf({ repository: names(0, 1_000), tag }), '', []))).toBe(
      'SUBSCRIPTION_LIMIT',
    );
  });
});

describe('what all may ask for', () => {
  test('different globs are counted once, and what is released makes room', () => {
    const { some, hold } = interests({ globs: 6 });
    const first = hold({ repository: globs(0, 4) });
    const before = some.counts;
    expect(codeOf(() => hold({ repository: globs(4, 3) }))).toBe('TOO_MANY_CONNECTIONS');
    expect(some.counts).toEqual(before);
    expect(codeOf(() => hold({ repository: globs(1, 3) }))).toBe('held');
    some.release(first, '');
    expect(some.counts.globs).toBe(3);
  });

  test('conditions on tags are bounded like globs', () => {
    const { hold } = interests({ globs: 6 });
    hold({ repository: ['a'], tag: ['semver:^1 || ^2'] });
    expect(refusalOf(() => hold({ repository: ['a'], tag: ['1*', '2*', '3*'] }))).toMatchObject({
      code: 'TOO_MANY_CONNECTIONS',
      detail: { parameter: 'tag' },
    });
  });

  test('equal filters are held once and counted once', () => {
    const { some, hold } = interests({ filterBytes: 5_000 });
    const wide = { repository: names(0, 4) };
    const one = hold(wide);
    expect(hold(wide)).toBe(one);
    expect(some.counts.bytes).toBe(one.memoryBytes);
    expect(codeOf(() => hold({ repository: names(4, 4) }))).toBe('TOO_MANY_CONNECTIONS');
    some.release(one, '');
    expect(some.counts.bytes).toBe(one.memoryBytes);
    some.release(one, '');
    expect(some.counts).toMatchObject({ bytes: 0, globs: 0 });
    expect(codeOf(() => hold({ repository: names(4, 4) }))).toBe('held');
  });
});

describe('what one owner may ask for', () => {
  test('a share, over all its connections, and no more', () => {
    const { hold } = interests({ globs: 100, globsPerClient: 10 });
    hold({ repository: globs(0, 5) }, 'greedy');
    hold({ repository: globs(5, 5) }, 'greedy');
    expect(refusalOf(() => hold({ repository: globs(10, 1) }, 'greedy'))?.message).toBe(
      'subscribe: 11 wildcards and comparators in globs and ranges of one token or address: must be at most 10',
    );
    expect(codeOf(() => hold({ repository: globs(10, 10) }, 'modest'))).toBe('held');
  });

  test('several greedy ones together leave room for one more', () => {
    const { hold } = interests({ globs: 100, globsPerClient: 40 });
    for (let owner = 0; owner < 5; owner++) {
      for (let n = 0; n < 40; n++) {
        if (codeOf(() => hold({ repository: globs(owner * 40 + n, 1) }, `greedy ${owner}`)) !== 'held') break;
      }
    }
    expect(codeOf(() => hold({ repository: ['late/*'] }, 'late'))).toBe('held');
  });

  test('the refusal says how much is still free', () => {
    const { hold } = interests({ globs: 10, globsPerClient: 6 });
    hold({ repository: globs(0, 5) }, 'a');
    expect(refusalOf(() => hold({ repository: globs(5, 3) }, 'b'))?.message).toMatch(
      /must be at most as many as are still free, 2 of 10$/,
    );
  });

  test('memory has shares too', () => {
    const { hold } = interests({ filterBytes: 100_000, filterBytesPerClient: 9_100 });
    hold({ repository: names(0, 5) }, 'greedy');
    hold({ repository: names(5, 5) }, 'greedy');
    expect(codeOf(() => hold({ repository: names(10, 1) }, 'greedy'))).toBe('TOO_MANY_CONNECTIONS');
    expect(codeOf(() => hold({ repository: names(10, 1) }, 'modest'))).toBe('held');
  });

  test('everything costs nothing, so it has room where all else is full', () => {
    const { some, hold } = interests({ globs: 4, filterBytes: 5_000 });
    hold({ repository: globs(0, 4) }, 'greedy');
    expect(everybody).toMatchObject({ wildcards: 0, tagConditions: 0, memoryBytes: 0 });
    for (const owner of ['greedy', 'late']) expect(some.hold(everybody, owner, [])).toBe(everybody);
    expect(codeOf(() => hold({ repository: globs(4, 1) }, 'late'))).toBe('TOO_MANY_CONNECTIONS');
  });

  test('a share whole as the total is no share: one owner may then have everything', () => {
    const { hold } = interests({ globs: 4, globsPerClient: 4 });
    expect(codeOf(() => hold({ repository: globs(0, 4) }, 'only'))).toBe('held');
  });

  test('new globs are counted as they come: a share at once, then the same again over 25 s', () => {
    const { some, hold, clock } = interests({ globs: 100, globsPerClient: 10 });
    const churn = (from: number) => some.release(hold({ repository: globs(from, 10) }, 'busy'), 'busy');
    churn(0);
    expect(refusalOf(() => churn(10))).toMatchObject({
      code: 'TOO_MANY_REQUESTS',
      message: expect.stringContaining('must be at most 1 wildcards and comparators a second'),
    });
    expect(codeOf(() => some.charge(filterOf({ repository: globs(10, 10) }), 'busy'))).toBe(
      'TOO_MANY_REQUESTS',
    );
    clock.advance(25_000);
    expect(codeOf(() => churn(10))).toBe('held');
  });

  test('what an owner holds already costs it nothing again', () => {
    const { some, hold } = interests({ globs: 100, globsPerClient: 10 });
    const filter = hold({ repository: globs(0, 10) }, 'busy');
    for (let n = 0; n < 5; n++) some.release(some.hold(filter, 'busy', []), 'busy');
    some.charge(filter, 'busy');
  });

  test('a filter that goes on where it stopped is not new, for the owner that had it', () => {
    const { some } = interests({ globs: 100, globsPerClient: 10 });
    const filter = filterOf({ repository: globs(0, 10) });
    const ask = (owner: string, goesOn: boolean) =>
      codeOf(() => some.release(some.hold(filter, owner, [], goesOn), owner));
    expect(ask('busy', true)).toBe('held');
    for (let n = 0; n < 50; n++) expect(ask('busy', true)).toBe('held');
    expect(ask('busy', false)).toBe('TOO_MANY_REQUESTS');
    expect(codeOf(() => some.hold(filterOf({ repository: globs(5, 10) }), 'busy', [], true))).toBe(
      'TOO_MANY_REQUESTS',
    );
    expect(ask('other', false)).toBe('held');
    expect(ask('other', false)).toBe('TOO_MANY_REQUESTS');
  });

  test('filters asked for before are forgotten one by one: they then count as new', () => {
    const { some } = interests({ globs: 2 * maxRemembered, globsPerClient: 2 });
    const ask = (n: number, owner: string) =>
      codeOf(() => some.release(some.hold(filterOf({ repository: globs(n, 2) }), owner, [], true), owner));
    expect(ask(0, 'first')).toBe('held');
    for (let n = 1; n < maxRemembered; n++) ask(n, `owner ${n}`);
    expect(ask(0, 'first')).toBe('held');
    for (let n = 0; n < maxRemembered; n++) ask(n, `later owner ${n}`);
    expect(ask(0, 'first')).toBe('TOO_MANY_REQUESTS');
  });

  test('owners that hold nothing are forgotten', () => {
    const { some, clock } = interests();
    for (let n = 0; n < 5_000; n++) {
      some.release(some.hold(filterOf({ repository: globs(n, 1) }), `owner ${n}`, []), `owner ${n}`);
      clock.advance(100);
    }
    expect(some.counts.owners).toBeLessThanOrEqual(1_000);
  });
});

describe('a hub with bounded interests', () => {
  test('counts subscriptions that still replay, and lets all go with their connection', async () => {
    const limits = { ...defaultInterestLimits, globsPerConnection: 4, globs: 6 };
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
    world.clock.advance(25_000);
    world.subscribe(member, { id: 'c', repository: globs(4, 3) });
    world.hub.disconnect(member.subscriber);
    world.clock.advance(25_000);
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
    // It looks for the newest changes first, which costs as much.
    expect((await poll(gateway.port, `/v2/updates?wait=20s&${query}`)).status).toBe(429);
    for (const transport of ['sse', 'long-poll']) {
      const open = new RegExp(`^manifeed_subscribers.*${transport}`);
      await until(`${transport} to be gone`, async () => (await gateway.metric(open)) === 0);
    }
    socket.close();
  });

  test('leaves the place of a refused stream to the next', async () => {
    gateway = await startGateway({ limits: { globs: 1, connections: 1 } });
    for (let n = 0; n < 3; n++) {
      const refusal = await refused(openSse(gateway.port, { repository: globs(0, 2) }));
      expect(refusal.message).toContain('globs and ranges of all subscribers');
    }
    const client = await openSse(gateway.port, { repository: globs(0, 1) });
    client.close();
  });
});
