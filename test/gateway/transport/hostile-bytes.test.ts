/** Bytes that nobody agreed on: however they are cut or garbled, the gateway answers or hangs up, and lives on. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway.ts';
import { openRaw, type RawHttp } from '../../support/raw-http.ts';
import { sseRequest } from '../../support/sse-client.ts';
import { clientFrame, handshake, opcode, openBareWebSocket } from '../../support/websocket-frames.ts';

let gateway: Gateway;
beforeAll(async () => {
  const limits = {
    headerTimeout: '1s',
    messagesPerSecond: 10_000,
    newConnectionsPerSecond: 100_000,
    connectionsPerAddress: 10_000,
  };
  gateway = await startGateway({ limits });
});
afterAll(() => gateway.close());

/** Sends the bytes in pieces that end at `cuts`, each its own segment. */
async function sendCut(raw: RawHttp, bytes: Buffer, cuts: readonly number[]): Promise<void> {
  raw.socket.setNoDelay(true);
  let from = 0;
  for (const to of [...new Set(cuts.map((cut) => cut % bytes.length)), bytes.length].sort((a, b) => a - b)) {
    if (to <= from) continue;
    raw.send(bytes.subarray(from, to));
    from = to;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

it('messages mean the same however their frames and segments are cut', async () => {
  const subscriptions = ['a', 'b', 'c', 'd'];
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(400), { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 4, maxLength: 4 }),
      fc.constantFrom('', 'x'.repeat(200)),
      async (cuts, splits, padding) => {
        const frames = subscriptions.flatMap((id, index) => {
          const repository = `r.test/fuzz${padding}`.slice(0, 130);
          const text = JSON.stringify({ type: 'subscribe', id, repository });
          const at = splits[index] ?? 1;
          return [
            clientFrame(opcode.text, text.slice(0, at), { fin: false }),
            clientFrame(opcode.ping, id),
            clientFrame(opcode.continuation, text.slice(at)),
            clientFrame(opcode.pong, ''),
          ];
        });
        const raw = await openBareWebSocket(gateway.port);
        await sendCut(raw, Buffer.concat(frames), cuts);
        for (const id of subscriptions) {
          await raw.until(`"subscribed","id":"${id}"`);
          expect(raw.text()).toContain(`\x8a\x01${id}`);
        }
        expect(raw.text()).not.toContain('"error"');
        raw.close();
      },
    ),
    { numRuns: 30 },
  );
});

it('a request means the same however it is cut', async () => {
  const request = Buffer.from(sseRequest(gateway.port, { repository: 'r.test/cut', tag: ['1.*', 'latest'] }));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(request.length), { maxLength: 6 }), async (cuts) => {
      const raw = await openRaw(gateway.port);
      await sendCut(raw, request, cuts);
      await raw.until('event: ready');
      raw.close();
    }),
    { numRuns: 40 },
  );
});

it('garbled requests and frames are answered or hung up on, and nothing else suffers', async () => {
  const requests = [sseRequest(gateway.port, { repository: 'nginx' }), handshake(gateway.port)];
  const frame = clientFrame(opcode.text, JSON.stringify({ type: 'subscribe', id: 'a', repository: 'nginx' }));
  const mutation = fc.record({
    at: fc.nat(1_000),
    byte: fc.nat(255),
    kind: fc.constantFrom('set', 'drop', 'repeat'),
  });
  const garble = (bytes: Buffer, changes: readonly { at: number; byte: number; kind: string }[]) => {
    let garbled = [...bytes];
    for (const { at, byte, kind } of changes) {
      const index = at % garbled.length;
      if (kind === 'set') garbled[index] = byte;
      else if (kind === 'drop') garbled = garbled.filter((_, each) => each !== index || garbled.length < 2);
      else garbled.splice(index, 0, ...garbled.slice(index, index + 20));
    }
    return Buffer.from(garbled);
  };
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('sse', 'handshake', 'frame'),
      fc.array(mutation, { minLength: 1, maxLength: 6 }),
      async (what, changes) => {
        const raw = what === 'frame' ? await openBareWebSocket(gateway.port) : await openRaw(gateway.port);
        const text = requests[what === 'sse' ? 0 : 1] ?? '';
        raw.send(garble(what === 'frame' ? frame : Buffer.from(text), changes));
        raw.socket.end();
        await raw.ended();
        raw.close();
      },
    ),
    { numRuns: 300 },
  );
  expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
  expect(gateway.logs()).not.toMatch(/"level":"(error|fatal)"/);
});
