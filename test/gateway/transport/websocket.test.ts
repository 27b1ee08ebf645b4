import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { digest, type Gateway, hurried, startGateway } from '../../support/gateway.ts';
import { openRaw, parseAnswer } from '../../support/raw-http.ts';
import { of, type RefusedError } from '../../support/stream-client.ts';
import { openWebSocket } from '../../support/websocket-client.ts';
import { handshake } from '../../support/websocket-frames.ts';

let gateway: Gateway;
let guarded: Gateway;
const opened: { close(): void }[] = [];

beforeAll(async () => {
  const limits = { subscriptionsPerConnection: 3 };
  gateway = await startGateway({ limits, pace: { allowNone: true }, cors: { origins: ['https://ok.test'] } });
  const access = ['all', 'too'].map((name) => ({ name, sha256: digest(`t-${name}`).slice(7) }));
  guarded = await startGateway({ access }, { clock: hurried(10_000, 3_000) });
});
afterEach(() => {
  for (const each of opened.splice(0)) each.close();
});
afterAll(async () => {
  await gateway.close();
  await guarded.close();
});

async function open(...[options]: [Parameters<typeof openWebSocket>[1]?]) {
  const client = await openWebSocket(gateway.port, options);
  opened.push(client);
  return client;
}

const other = of('other');

describe('the handshake', () => {
  it.each(['front', 'ordinary'] as const)('chooses manifeed.v1 on the %s road', async (road) => {
    const client = await open({ road });
    expect(client.socket.protocol).toBe('manifeed.v1');
  });

  const faults: [string, Record<string, string>, string][] = [
    ['no Upgrade', { Upgrade: '' }, 'Upgrade'],
    ['no Connection: Upgrade', { Connection: 'keep-alive' }, 'Connection'],
    ['an old version', { 'Sec-WebSocket-Version': '8' }, 'Sec-WebSocket-Version'],
    ['a short key', { 'Sec-WebSocket-Key': 'abc' }, 'Sec-WebSocket-Key'],
    ['a foreign subprotocol', { 'Sec-WebSocket-Protocol': 'chat, mqtt' }, 'Sec-WebSocket-Protocol'],
  ];
  for (const [what, headers, parameter] of faults) {
    it.each(['front', 'ordinary'])(`G13: refuses ${what}, naming it, on the %s road`, async (road) => {
      const raw = await openRaw(gateway.port);
      opened.push(raw);
      const more = road === 'front' ? {} : { TE: 'trailers' };
      raw.send(handshake(gateway.port, { ...headers, ...more }));
      const answer = parseAnswer(await raw.ended());
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body).errors[0]).toMatchObject({
        code: 'PARAMETER_INVALID',
        detail: { parameter },
      });
    });
  }

  it('refuses an upgrade at any other path without falling over', async () => {
    for (const path of ['/', '//', '/v1/socket/', 'http://[::/', '*', '/%']) {
      const raw = await openRaw(gateway.port);
      opened.push(raw);
      raw.send(handshake(gateway.port).replace('/v1/socket', path));
      expect((await raw.ended()).slice(0, 12), path).toMatch(/^HTTP\/1\.1 40[04]/);
    }
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
  });

  it('refuses an upgrade by another method than GET, and one with two Host headers', async () => {
    const faults = [
      [handshake(gateway.port).replace('GET', 'POST'), 'NOT_FOUND'],
      [handshake(gateway.port).replace('\r\n', '\r\nHost: other.test\r\n'), 'Host'],
    ] as const;
    for (const [head, expected] of faults) {
      const raw = await openRaw(gateway.port);
      opened.push(raw);
      raw.send(head);
      expect(await raw.ended()).toMatch(new RegExp(`^HTTP/1\\.1 40\\d[^]*${expected}`));
    }
    expect(gateway.logs()).toMatch(/refuse[^\n]*websocket|websocket[^\n]*Host/);
  });

  it.each(['front', 'ordinary'])(
    'an offer to upgrade is ignored for event streams on the %s road',
    async (road) => {
      const raw = await openRaw(gateway.port);
      opened.push(raw);
      const more = road === 'front' ? {} : { TE: 'trailers' };
      raw.send(handshake(gateway.port, more).replace('/v1/socket', '/v1/events'));
      expect(await raw.until('event: ready')).toContain('200 OK');
    },
  );

  it('knows its path in every spelling that HTTP allows', async () => {
    for (const path of ['/v1/socket?', `http://127.0.0.1:${gateway.port}/v1/socket`]) {
      const raw = await openRaw(gateway.port);
      opened.push(raw);
      raw.send(handshake(gateway.port).replace('/v1/socket', path));
      expect((await raw.until('\r\n\r\n')).slice(0, 12), path).toBe('HTTP/1.1 101');
    }
  });

  it('accepts the Origins of cors.origins and of its own host, and no other', async () => {
    for (const origin of ['https://ok.test', `http://127.0.0.1:${gateway.port}`])
      await open({ headers: { origin } });
    for (const road of ['front', 'ordinary'] as const) {
      const refusal = await open({ road, headers: { origin: 'https://evil.test' } }).catch(
        (error) => error.refusal,
      );
      expect(refusal).toMatchObject({
        status: 403,
        code: 'ORIGIN_DENIED',
        detail: { parameter: 'Origin' },
      });
    }
  });

  it('refuses a filter in the URL by its name', async () => {
    for (const [query, parameter] of [
      ['?repository=nginx', 'repository'],
      ['?_=1&foo', 'foo'],
      ['?__proto__=1', '__proto__'],
    ] as const) {
      const raw = await openRaw(gateway.port);
      raw.send(handshake(gateway.port).replace('/v1/socket', `/v1/socket${query}`));
      const answer = parseAnswer(await raw.ended());
      expect(answer.status).toBe(400);
      expect(answer.body).toContain(`"parameter":"${parameter}"`);
    }
  });
});

describe('messages', () => {
  it('answers subscribe with subscribed, and each fault with an error that names message and member', async () => {
    const client = await open();
    await client.subscribe({ repository: 'nginx' }, 'a');
    const faults: [object, string, string | null, string][] = [
      [{ type: 'subscribe', id: 'a' }, 'PARAMETER_INVALID', 'a', 'id'],
      [{ type: 'subscribe', id: '' }, 'PARAMETER_INVALID', '', 'id'],
      [{ type: 'subscribe' }, 'PARAMETER_INVALID', null, 'id'],
      [{ type: 'subscribe', id: 'b', repository: 7 }, 'PARAMETER_INVALID', 'b', 'repository'],
      [{ type: 'subscribe', id: 'b', repository: [] }, 'PARAMETER_INVALID', 'b', 'repository'],
      [{ type: 'subscribe', id: 'b', types: 'bogus' }, 'PARAMETER_INVALID', 'b', 'types'],
      [{ type: 'subscribe', id: 'b', types: ['manifest.*'], tag: '1' }, 'PARAMETER_INVALID', 'b', 'types'],
      [{ type: 'subscribe', id: 'b', colour: 'red' }, 'PARAMETER_INVALID', 'b', 'colour'],
      [{ type: 'subscribe', id: 'b', pace: 'none' }, 'PARAMETER_INVALID', 'b', 'pace'],
      [{ type: 'subscribe', id: 'b', conflate: true }, 'PARAMETER_INVALID', 'b', 'conflate'],
      [{ type: 'subscribe', id: 'b', format: 'cloudevents' }, 'PARAMETER_INVALID', 'b', 'format'],
      [{ type: 'unsubscribe', id: 'zz' }, 'NOT_FOUND', 'zz', 'id'],
    ];
    for (const [message, code, id, parameter] of faults) {
      client.send(message);
      const { text } = await client.inbox.until(other);
      expect(JSON.parse(text), JSON.stringify(message)).toMatchObject({
        type: 'error',
        code,
        id,
        detail: { parameter },
      });
    }
    // None of it cost the connection.
    await gateway.publish({ reference: 'nginx:faults', digest: digest('faults') });
    expect((await client.inbox.until(of('change'))).change.tag).toBe('faults');
  });

  it('bounds the subscriptions of a connection, and unsubscribe makes room', async () => {
    const client = await open();
    for (const id of ['a', 'b', 'c']) await client.subscribe({ repository: `nginx-${id}` }, id);
    const refusal = await client.subscribe({}, 'd').catch((error: RefusedError) => error.refusal);
    expect(refusal).toMatchObject({ code: 'SUBSCRIPTION_LIMIT' });
    client.send({ type: 'unsubscribe', id: 'b' });
    expect(JSON.parse((await client.inbox.until(other)).text)).toEqual({ type: 'unsubscribed', id: 'b' });
    await client.subscribe({}, 'd');
  });

  it('G7: after unsubscribe no change of that subscription comes', async () => {
    const client = await open();
    await client.subscribe({ repository: 'r.test/one' }, 'one');
    await client.subscribe({ repository: 'r.test/two' }, 'two');
    client.send({ type: 'unsubscribe', id: 'one' });
    await client.inbox.until(other);
    await gateway.publish(
      { reference: 'r.test/one:1', digest: digest('1') },
      { reference: 'r.test/two:1', digest: digest('1') },
    );
    expect((await client.inbox.until(of('change'))).change.repository).toBe('two');
  });

  it('G3: a change that two subscriptions of a connection match comes once', async () => {
    const client = await open();
    await client.subscribe({ repository: 'r.test/both' }, 'exact');
    await client.subscribe({ repository: 'r.test/**' }, 'glob');
    await gateway.publish({ reference: 'r.test/both:1', digest: digest('1') });
    await gateway.publish({ reference: 'r.test/both:2', digest: digest('2') });
    const tags = (await client.inbox.take(2, of('change'))).map(({ change }) => change.tag);
    expect(tags).toEqual(['1', '2']);
  });

  it('G1: a second subscription may replay while the first is live, and neither misses anything', async () => {
    const client = await open();
    await client.subscribe({ repository: 'r.test/first', pace: 'none' }, 'first');
    const { position } = await client.inbox.until(of('ready'));
    for (let n = 0; n < 40; n++) {
      await gateway.publish(
        { reference: `r.test/first:${n}`, digest: digest(`${n}`) },
        { reference: `r.test/second:${n}`, digest: digest(`${n}`) },
      );
    }
    const pouring = gateway.publish(
      ...Array.from({ length: 300 }, (_, n) => ({
        reference: `r.test/first:${40 + n}`,
        digest: digest(`${n}`),
      })),
    );
    client.send({ type: 'subscribe', id: 'second', repository: 'r.test/second', after: position });
    await pouring;
    const changes = (await client.inbox.take(380, of('change'))).map(({ change }) => change);
    const tagsOf = (name: string) =>
      changes.filter((change) => change.repository === name).map(({ tag }) => Number(tag));
    expect(tagsOf('first')).toEqual(Array.from({ length: 340 }, (_, n) => n));
    expect(tagsOf('second')).toEqual(Array.from({ length: 40 }, (_, n) => n));
  });
});

describe('the token', () => {
  it('may come with the first message, and none is needed again', async () => {
    const client = await openWebSocket(guarded.port);
    opened.push(client);
    await client.subscribe({ repository: 'nginx', access_token: 't-all' }, 'a');
    await client.subscribe({ repository: 'httpd' }, 'b');
  });

  it('may come in an auth message, in the header, and in the URL', async () => {
    const client = await openWebSocket(guarded.port);
    client.send({ type: 'auth', access_token: 't-all' });
    await client.subscribe({});
    const byHeader = await openWebSocket(guarded.port, { token: 't-all' });
    await byHeader.subscribe({});
    const byUrl = await openWebSocket(guarded.port, { path: '/v1/socket?access_token=t-all' });
    await byUrl.subscribe({});
    opened.push(client, byHeader, byUrl);
  });

  it('may be repeated later, and not changed: not even for one that allows the same', async () => {
    const client = await openWebSocket(guarded.port, { token: 't-all' });
    opened.push(client);
    await client.subscribe({ access_token: 't-all' }, 'a');
    await expect(client.subscribe({ access_token: 't-too' }, 'b')).rejects.toMatchObject({
      refusal: { code: 'PARAMETER_INVALID', detail: { parameter: 'access_token' } },
    });
    const too = await openWebSocket(guarded.port, { token: 't-too' });
    opened.push(too);
    await too.subscribe({});
  });

  it('closes with 4010 where it is wrong, or never comes', async () => {
    const wrong = await openWebSocket(guarded.port);
    wrong.send({ type: 'subscribe', id: 'a', access_token: 'wrong' });
    const { text } = await wrong.inbox.until(other);
    expect(JSON.parse(text)).toMatchObject({ type: 'error', id: 'a', code: 'UNAUTHORIZED' });
    expect(await wrong.closed).toBe(4010);
    expect(wrong.closeReason()).toBe('UNAUTHORIZED');
    const silent = await openWebSocket(guarded.port);
    expect(await silent.closed).toBe(4010);
    const refusal = await openWebSocket(guarded.port, { token: 'wrong' }).catch((error) => error.refusal);
    expect(refusal).toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
    expect(refusal.headers['www-authenticate']).toContain('Bearer');
  });
});
