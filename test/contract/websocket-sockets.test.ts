/** The sockets that WebSockets stand on: the bare one of the fast road, and that of `@fastify/websocket`. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { digest, type Gateway, hurried, startGateway } from '../support/gateway.ts';
import { openRaw, type RawHttp } from '../support/raw-http.ts';
import { openWebSocket } from '../support/websocket-client.ts';
import {
  clientFrame,
  closeCodeIn,
  handshake,
  opcode,
  openBareWebSocket,
} from '../support/websocket-frames.ts';

let gateway: Gateway;
let quiet: Gateway;
const opened: { close(): void }[] = [];

beforeAll(async () => {
  const limits = { messagesPerSecond: 20, maxMessage: '4KiB', heartbeatInterval: '1s' };
  gateway = await startGateway({ limits });
  quiet = await startGateway({ limits: { ...limits, heartbeatInterval: '50s' } }, { random: () => 0.5 });
});
afterEach(() => {
  for (const each of opened.splice(0)) each.close();
});
afterAll(async () => {
  await gateway.close();
  await quiet.close();
});

function keep<T extends { close(): void }>(client: T): T {
  opened.push(client);
  return client;
}

/** What makes a handshake take each road. */
const roads = { front: {}, ordinary: { TE: 'trailers' } } as const;
const subscribe = (id: string, more = {}) => JSON.stringify({ type: 'subscribe', id, ...more });

describe.each(['front', 'ordinary'] as const)('the socket of the %s road', (road) => {
  const headers = roads[road];
  /** Of a gateway that pings seldom: these clients answer no ping. */
  const bare = async () => keep(await openBareWebSocket(quiet.port, headers));

  it.each([
    ['text that is no JSON', opcode.text, '{"type":', 4002],
    ['an unknown type', opcode.text, '{"type":"hello"}', 4002],
    ['JSON that is no object', opcode.text, '[1]', 4002],
    ['a binary message', opcode.binary, '{"type":"unsubscribe","id":"a"}', 4002],
    ['a message over the bound', opcode.text, subscribe('a', { tag: 'x'.repeat(5_000) }), 4003],
    ['text that is no UTF-8', opcode.text, Buffer.from([0xc3, 0x28]), 1007],
    ['a reserved opcode', 3, '', 1002],
  ])('closes after %s', async (_what, code, payload, closeCode) => {
    const raw = await bare();
    raw.send(clientFrame(code, payload));
    expect(closeCodeIn(await raw.ended())).toBe(closeCode);
  });

  it('closes after a frame without a mask, and after too many fragments', async () => {
    const unmasked = await bare();
    unmasked.send(clientFrame(opcode.text, subscribe('a'), { mask: false }));
    expect(closeCodeIn(await unmasked.ended())).toBe(1002);
    const shredded = await bare();
    shredded.send(clientFrame(opcode.text, '{', { fin: false }));
    for (let n = 0; n < 200; n++) shredded.send(clientFrame(opcode.continuation, ' ', { fin: false }));
    expect(closeCodeIn(await shredded.ended())).toBe(4003);
  });

  it('closes with 4100 when messages come faster than messagesPerSecond', async () => {
    const raw = await bare();
    const flood = Buffer.concat(
      Array.from({ length: 50 }, () => clientFrame(opcode.text, '{"type":"auth","access_token":"x"}')),
    );
    raw.send(flood);
    expect(closeCodeIn(await raw.ended())).toBe(4100);
    const pings = await bare();
    pings.send(Buffer.concat(Array.from({ length: 50 }, () => clientFrame(opcode.ping, 'x'))));
    expect(closeCodeIn(await pings.ended())).toBe(4100);
  });

  it('reads messages in fragments, byte by byte, with a ping between, and several in one piece', async () => {
    const text = subscribe('parts', { repository: 'r.test/parts' });
    const raw = await bare();
    raw.send(clientFrame(opcode.text, text.slice(0, 10), { fin: false }));
    raw.send(clientFrame(opcode.ping, 'between'));
    raw.send(clientFrame(opcode.continuation, text.slice(10)));
    await raw.until('"subscribed","id":"parts"');
    expect(raw.text()).toContain('\x8a\x07between');
    for (const byte of clientFrame(opcode.text, subscribe('bytes'))) raw.send(Buffer.from([byte]));
    await raw.until('"subscribed","id":"bytes"');
    raw.send(
      Buffer.concat([
        clientFrame(opcode.text, JSON.stringify({ type: 'unsubscribe', id: 'parts' })),
        clientFrame(opcode.text, JSON.stringify({ type: 'unsubscribe', id: 'bytes' })),
        clientFrame(opcode.ping, 'behind'),
      ]),
    );
    await raw.until('"unsubscribed","id":"bytes"');
    await raw.until('\x8a\x06behind');
  });

  it('echoes a close and ends', async () => {
    const client = await openWebSocket(gateway.port, { road });
    client.socket.close(1000, 'enough');
    expect(await client.closed).toBe(1000);
    expect(client.closeReason()).toBe('');
  });

  it('cuts a peer that never answers a ping', async () => {
    const raw = keep(await openBareWebSocket(gateway.port, headers));
    await raw.until('\x89\x00');
    await raw.ended();
    expect(raw.text().split('\x89\x00').length).toBeLessThanOrEqual(4);
  });

  it('cuts a peer that goes on talking after the close', async () => {
    const hasty = await startGateway({}, { clock: hurried(5_000, 200) });
    const raw = await openBareWebSocket(hasty.port, headers);
    raw.send(clientFrame(opcode.text, 'nonsense'));
    const gone = new Promise((resolve) => raw.socket.once('close', resolve));
    const talk = setInterval(() => raw.send(clientFrame(opcode.ping, 'still here')), 20);
    await gone;
    clearInterval(talk);
    await hasty.close();
  });
});

describe('the sockets of both roads', () => {
  /** The server's side of one conversation, to the last byte. */
  async function answerTo(
    headers: Readonly<Record<string, string>>,
    steps: readonly (readonly [say: Buffer, until: string])[],
  ): Promise<string> {
    const raw: RawHttp = keep(await openRaw(quiet.port));
    raw.send(handshake(quiet.port, headers));
    await raw.until('\r\n\r\n');
    for (const [say, until] of steps) {
      raw.send(say);
      await raw.until(until);
    }
    return raw.ended();
  }
  const text = (payload: string | Buffer) => clientFrame(opcode.text, payload);
  /** A message of so many bytes, each in a frame of its own. */
  const fragments = (count: number) =>
    Buffer.concat(
      Array.from({ length: count }, (_, at) =>
        clientFrame(at === 0 ? opcode.text : opcode.continuation, ' ', { fin: at === count - 1 }),
      ),
    );
  const close = clientFrame(opcode.close, Buffer.from([0x03, 0xe9, 0x62, 0x79, 0x65]));

  it.each<[string, Record<string, string>, [Buffer, string][]]>([
    [
      'a subscription, a ping and a close',
      {},
      [
        [text(subscribe('a', { repository: 'nginx' })), '"ready"'],
        [clientFrame(opcode.ping, 'data'), '\x8a\x04data'],
        [text(subscribe('a')), 'already in use'],
        [text('{"type":"unsubscribe","id":"a"}'), '"unsubscribed"'],
        [close, '\x88'],
      ],
    ],
    ['a close without a code', {}, [[clientFrame(opcode.close, ''), '\x88']]],
    ['text that is no JSON', {}, [[text('{'), 'MESSAGE_INVALID']]],
    ['a message over the bound', {}, [[text('x'.repeat(5_000)), 'MESSAGE_TOO_LARGE']]],
    ['a message in too many fragments', {}, [[fragments(129), 'bytes in 128 fragments']]],
    ['text that is no UTF-8', {}, [[text(Buffer.from([0xc3, 0x28])), 'protocol error']]],
    ['a flood', {}, [[Buffer.concat(Array(50).fill(clientFrame(opcode.ping, ''))), 'TOO_MANY_REQUESTS']]],
    [
      'offers of subprotocols and extensions',
      {
        'Sec-WebSocket-Protocol': 'chat,, manifeed.v1',
        'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
      },
      [[close, '\x88']],
    ],
    ['an old version', { 'Sec-WebSocket-Version': '8' }, []],
    ['a short key', { 'Sec-WebSocket-Key': 'abc' }, []],
    ['a foreign subprotocol', { 'Sec-WebSocket-Protocol': 'chat' }, []],
    ['a foreign page', { Origin: 'https://evil.test' }, []],
    ['a foreign host', { Host: 'evil.test' }, []],
  ])('answer %s with the same bytes', async (_what, headers, steps) => {
    const [front, ordinary] = [
      await answerTo({ ...headers, ...roads.front }, steps),
      await answerTo({ ...headers, ...roads.ordinary }, steps),
    ];
    expect(front).toMatch(/^HTTP\/1\.1 (101|40\d) /);
    expect(ordinary).toBe(front);
  });

  it('write changes of every length with the same bytes', async () => {
    const clients = await Promise.all(
      Object.values(roads).map(async (headers) => keep(await openBareWebSocket(quiet.port, headers))),
    );
    for (const raw of clients) {
      raw.send(text(subscribe('a', { repository: 'r.test/long' })));
      await raw.until('"ready"');
    }
    const mediaType = `application/vnd.${'x'.repeat(200)}`;
    for (const [tag, more] of [
      ['short', {}],
      ['long', { mediaType }],
    ] as const) {
      await quiet.publish({ reference: `r.test/long:${tag}`, digest: digest(tag), ...more });
      for (const raw of clients) await raw.until(`"tag":"${tag}"`);
    }
    const [front, ordinary] = clients.map((raw) => raw.text());
    expect(ordinary).toBe(front);
  });
});
