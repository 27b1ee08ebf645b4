import { afterEach, describe, expect, it } from 'vitest';
import { clientAddress, tidyForwardedFor } from '../../../src/access/client-address.ts';
import {
  AddressBuckets,
  ConnectionLimits,
  maxBuckets,
  tellsAddressesApart,
  waitingInAll,
  waitingPerAddress,
} from '../../../src/access/connection-limits.ts';
import { ManifeedError } from '../../../src/errors.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { type Gateway, type Settings, startGateway } from '../../support/gateway.ts';
import { poll } from '../../support/long-poll-client.ts';
import { openSse } from '../../support/sse-client.ts';
import { type OpenOptions, of, RefusedError } from '../../support/stream-client.ts';
import { openWebSocket } from '../../support/websocket-client.ts';

function codeOf(run: () => void): string {
  try {
    run();
    return 'entered';
  } catch (error) {
    if (error instanceof ManifeedError) return error.code;
    throw error;
  }
}

describe('ConnectionLimits', () => {
  const limits = (over: Partial<ConstructorParameters<typeof ConnectionLimits>[0]> = {}) =>
    new ConnectionLimits({
      connections: 3,
      connectionsPerAddress: 2,
      newConnectionsPerSecond: 100,
      clock: fakeClock(),
      ...over,
    });

  it('need not tell addresses apart where one of them may have every place', () => {
    for (const [connections, connectionsPerAddress, apart] of [
      [3, 2, true],
      [3, 3, false],
      [3, 9, false],
    ] as const) {
      expect(tellsAddressesApart({ connections, connectionsPerAddress })).toBe(apart);
      const all = limits({ connections, connectionsPerAddress });
      const refusals = [1, 2, 3, 4].map(() => codeOf(() => all.enter(apart ? 'a' : '')));
      expect(refusals.includes('TOO_MANY_REQUESTS')).toBe(apart);
    }
  });

  it('bounds connections in all, and each that leaves makes room for one', () => {
    const some = limits();
    for (const address of ['a', 'b', 'c']) some.enter(address);
    expect(codeOf(() => some.enter('d'))).toBe('TOO_MANY_CONNECTIONS');
    some.leave('b');
    expect(codeOf(() => some.enter('d'))).toBe('entered');
    expect(some.count).toBe(3);
  });

  it('bounds connections of one address without touching others', () => {
    const some = limits();
    some.enter('a');
    some.enter('a');
    expect(codeOf(() => some.enter('a'))).toBe('TOO_MANY_REQUESTS');
    expect(codeOf(() => some.enter('b'))).toBe('entered');
  });

  const many = { connections: 1_000, connectionsPerAddress: 999 };
  const enteredBy = (some: ConnectionLimits, address: string) => {
    let count = 0;
    while (codeOf(() => some.enter(address)) === 'entered') count++;
    return count;
  };

  it('bounds new connections a second, with one second of burst', () => {
    const clock = fakeClock();
    const some = limits({ ...many, connectionsPerAddress: 1_000, newConnectionsPerSecond: 10, clock });
    expect(enteredBy(some, '')).toBe(10);
    clock.advance(500);
    expect(enteredBy(some, '')).toBe(5);
    clock.advance(60_000);
    expect(enteredBy(some, '')).toBe(10);
  });

  it('gives one address a quarter of the new connections, and takes no more of what the others have', () => {
    const clock = fakeClock();
    const some = limits({ ...many, newConnectionsPerSecond: 20, clock });
    expect(enteredBy(some, 'a')).toBe(5);
    expect(codeOf(() => some.enter('a'))).toBe('TOO_MANY_REQUESTS');
    for (const other of ['b', 'c', 'd']) expect(enteredBy(some, other)).toBe(5);
    expect(codeOf(() => some.enter('e'))).toBe('TOO_MANY_CONNECTIONS');
    clock.advance(200);
    expect(enteredBy(some, 'a')).toBe(1);
    clock.advance(60_000);
    expect(enteredBy(some, 'a')).toBe(5);
  });

  it('gives one address at least one new connection a second', () => {
    const clock = fakeClock();
    const some = limits({ ...many, newConnectionsPerSecond: 1, clock });
    expect(enteredBy(some, 'a')).toBe(1);
    clock.advance(1_000);
    expect(enteredBy(some, 'a')).toBe(1);
  });

  it('lets WebSockets wait for their token in a share of their own: per address, and in all', () => {
    const some = limits();
    for (let n = 0; n < waitingPerAddress; n++) some.enterWaiting('a');
    expect(codeOf(() => some.enterWaiting('a'))).toBe('TOO_MANY_REQUESTS');
    for (const address of ['a', 'b', 'c']) some.enter(address);
    let inAll = waitingPerAddress;
    while (codeOf(() => some.enterWaiting(`b${Math.floor(inAll / 50)}`)) === 'entered') inAll++;
    expect(inAll).toBe(waitingInAll);
    some.leaveWaiting('a');
    expect(codeOf(() => some.enterWaiting('z'))).toBe('entered');
  });

  it('bounds those who wait where addresses are not told apart, too', () => {
    const some = limits({ connectionsPerAddress: 3 });
    for (let n = 0; n < waitingInAll; n++) some.enterWaiting('');
    expect(codeOf(() => some.enterWaiting(''))).not.toBe('entered');
  });
});

describe('AddressBuckets', () => {
  it('remembers a bounded number of addresses, and forgets first whose bucket is full or was quiet longest', () => {
    const buckets = new AddressBuckets(1);
    for (let n = 0; n < maxBuckets + 100; n++) expect(buckets.take(`a${n}`, 0)).toBe(true);
    expect(buckets.size).toBe(maxBuckets);
    expect(buckets.take(`a${maxBuckets + 99}`, 0)).toBe(false);
    expect(buckets.take('a0', 0)).toBe(true);
    for (let n = 0; n < maxBuckets; n++) buckets.take('one', 10_000 + n * 1_000);
    expect(buckets.size).toBe(1);
  });

  it.each([1, 3, 7, 500])('gives %i a second, no more and no less', (rate) => {
    const buckets = new AddressBuckets(rate);
    const taken = (now: number) => {
      let count = 0;
      while (buckets.take('a', now)) count++;
      return count;
    };
    expect(taken(5)).toBe(rate);
    expect(taken(1_005)).toBe(rate);
    expect(taken(100_000)).toBe(rate);
  });
});

describe('clientAddress', () => {
  it('believes X-Forwarded-For only from trusted proxies, from the right end on', () => {
    const untrusting = clientAddress([]);
    expect(untrusting('10.0.0.1', '1.2.3.4')).toBe('10.0.0.1');
    const trusting = clientAddress(['10.0.0.0/8']);
    expect(trusting('10.0.0.1', '6.6.6.6, 1.2.3.4, 10.9.9.9')).toBe('1.2.3.4');
    expect(trusting('9.9.9.9', '1.2.3.4')).toBe('9.9.9.9');
    expect(trusting('10.0.0.1', undefined)).toBe('10.0.0.1');
    expect(trusting('10.0.0.1', Array.from({ length: 100 }, () => '10.0.0.2').join(','))).toBe('10.0.0.2');
  });

  it.each([
    ['1.2.3.4:5678', '1.2.3.4'],
    ['[2001:db8::1]:5678', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['unknown', '10.0.0.1'],
    ['6.6.6.6, junk, 10.9.9.9', '10.9.9.9'],
    ['6.6.6.6, , 10.9.9.9:1', '10.9.9.9'],
    ['fe80::1%anything', '10.0.0.1'],
    ['1.2.3.4:567890', '10.0.0.1'],
  ])('reads X-Forwarded-For %j as %s: no ports, and nothing beyond what is no address', (header, address) => {
    expect(clientAddress(['10.0.0.0/8'])('10.0.0.1', header)).toBe(address);
  });

  it('leaves of X-Forwarded-For only what names addresses', () => {
    expect(tidyForwardedFor('junk, 1.2.3.4:5, 10.0.0.1')).toBe('1.2.3.4, 10.0.0.1');
    expect(tidyForwardedFor('junk')).toBeUndefined();
  });
});

describe('over a limit', () => {
  let gateway: Gateway;
  const opened: { close(): void }[] = [];
  afterEach(async () => {
    for (const each of opened.splice(0)) each.close();
    await gateway.close();
  });

  async function fill(settings: Settings): Promise<void> {
    // Time that stands still: a machine that is busy for half a second must not earn a new connection.
    gateway = await startGateway(settings, { clock: { ...systemClock, monotonic: () => 1 } });
    for (let n = 0; n < 2; n++) {
      const client = await openSse(gateway.port);
      opened.push(client);
      await client.inbox.until(of('ready'));
    }
  }

  async function refused(opening: Promise<{ close(): void }>) {
    const error: unknown = await opening.catch((reason: unknown) => reason);
    if (error instanceof RefusedError) return error.refusal;
    throw new Error('open stream: accepted: must be refused');
  }

  const cases: [string, Settings, number, string][] = [
    ['connections', { limits: { connections: 2 } }, 503, 'TOO_MANY_CONNECTIONS'],
    ['connectionsPerAddress', { limits: { connectionsPerAddress: 2 } }, 429, 'TOO_MANY_REQUESTS'],
    [
      'newConnectionsPerSecond',
      { limits: { newConnectionsPerSecond: 2, connections: 9, connectionsPerAddress: 9 } },
      503,
      'TOO_MANY_CONNECTIONS',
    ],
    [
      'newConnectionsPerSecond of one address',
      { limits: { newConnectionsPerSecond: 8 } },
      429,
      'TOO_MANY_REQUESTS',
    ],
  ];

  it.each(cases)(
    'G14: %s: every transport on both roads says so, and when to come back',
    async (_n, settings, status, code) => {
      await fill(settings);
      const options = (road: 'front' | 'ordinary'): OpenOptions & { road: typeof road } => ({ road });
      for (const road of ['front', 'ordinary'] as const) {
        for (const refusal of [
          await refused(openSse(gateway.port, {}, options(road))),
          await refused(openWebSocket(gateway.port, options(road))),
        ]) {
          expect(refusal).toMatchObject({ status, code });
          expect(refusal.headers['retry-after']).toMatch(/^([1-9]|10)$/);
        }
      }
      const answer = await poll(gateway.port, '/v2/updates');
      expect(answer.status).toBe(status);
      expect(answer.headers['retry-after']).toMatch(/^([1-9]|10)$/);
    },
  );

  it('G14: an EventSource, which would stop for good at an error, is told to come back in-band', async () => {
    await fill({ limits: { connections: 2 }, cors: { origins: ['https://page.test'] } });
    const retries = new Set<number>();
    for (let n = 0; n < 5; n++) {
      const headers = { Accept: 'text/event-stream', Origin: 'https://page.test' };
      const client = await openSse(gateway.port, {}, { headers });
      expect(client.headers['access-control-allow-origin']).toBe('https://page.test');
      expect(await client.inbox.until(of('bye'))).toMatchObject({
        reason: 'TOO_MANY_CONNECTIONS',
        position: null,
      });
      await client.closed;
      retries.add(client.retries[0] ?? 0);
    }
    expect(retries.size).toBeGreaterThan(1);
  });

  it('counts a client behind a trusted proxy once, whatever it makes up, on every road', async () => {
    gateway = await startGateway({ limits: { connectionsPerAddress: 1 }, trustProxy: ['127.0.0.1'] });
    let made = 0;
    const headers = () => ({ 'X-Forwarded-For': `made-up-${++made}, 1.2.3.4:${made}` });
    opened.push(await openSse(gateway.port, {}, { headers: headers() }));
    for (const road of ['front', 'ordinary'] as const) {
      expect((await refused(openSse(gateway.port, {}, { headers: headers(), road }))).status).toBe(429);
    }
    const answer = await fetch(`${gateway.url}/v2/updates`, { headers: headers() });
    expect(answer.status).toBe(429);
  });

  it('counts an IPv6 /64 as one address, on every road', async () => {
    gateway = await startGateway({ limits: { connectionsPerAddress: 1 }, trustProxy: ['127.0.0.1'] });
    let host = 0;
    const headers = () => ({ 'X-Forwarded-For': `2001:db8:1:2::${++host}` });
    opened.push(await openSse(gateway.port, {}, { headers: headers() }));
    for (const road of ['front', 'ordinary'] as const) {
      expect((await refused(openSse(gateway.port, {}, { headers: headers(), road }))).status).toBe(429);
      expect((await refused(openWebSocket(gateway.port, { headers: headers(), road }))).status).toBe(429);
    }
    expect((await poll(gateway.port, '/v2/updates', { headers: headers() })).status).toBe(429);
    const other = { 'X-Forwarded-For': '2001:db8:1:3::1' };
    opened.push(await openSse(gateway.port, {}, { headers: other }));
  });

  it('counts those who leave out again', async () => {
    await fill({ limits: { connections: 2 } });
    opened.pop()?.close();
    for (;;) {
      const client = await openSse(gateway.port).catch(() => null);
      if (client === null) continue;
      opened.push(client);
      break;
    }
    expect((await refused(openSse(gateway.port))).code).toBe('TOO_MANY_CONNECTIONS');
  });
});
