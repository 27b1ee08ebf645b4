/** Readers that do not read. Loopback's kernel buffers take megabytes first, so much has to be said. */
import { afterEach, describe, expect, it } from 'vitest';
import { digest, type Gateway, startGateway } from '../../support/gateway.ts';
import { openRaw } from '../../support/raw-http.ts';
import { openSse } from '../../support/sse-client.ts';
import { of, type StreamClient } from '../../support/stream-client.ts';
import { until } from '../../support/until.ts';
import { openWebSocket } from '../../support/websocket-client.ts';
import { clientFrame, closeCodeIn, opcode, openBareWebSocket } from '../../support/websocket-frames.ts';

const total = 40_000;
const batch = 1_000;
/** Of one change on the wire, at least. */
const leastBytes = 700;
const mediaType = `application/vnd.${'x'.repeat(230)}`;
const params = { repository: 'r.test/flood', pace: 'none' };

let gateway: Gateway;
const opened: { close(): void }[] = [];

afterEach(async () => {
  for (const each of opened.splice(0)) each.close();
  await gateway.close();
});

function keep<T extends { close(): void }>(client: T): T {
  opened.push(client);
  return client;
}

async function flood(): Promise<void> {
  for (let from = 0; from < total; from += batch) {
    const entry = (n: number) => ({ reference: `r.test/flood:${from + n}`, digest: digest('x'), mediaType });
    await gateway.publish(...Array.from({ length: batch }, (_, n) => entry(n)));
  }
}

const behind = () => gateway.metric(/^manifeed_subscribers_behind /);

/** Every change once, in order. */
async function expectAll(client: StreamClient, from = 0): Promise<void> {
  for (let n = from; n < total; n++) {
    const { change } = await client.inbox.until(of('change'));
    if (change.tag !== String(n)) expect(change.tag).toBe(String(n));
  }
}

const limits = { maxBacklog: '64KiB', heartbeatInterval: '1s', stalledTimeout: '10m', maxBody: '64MiB' };

describe('a reader that does not read', () => {
  it('G10: is left behind with a bounded backlog, costs the others nothing, and catches up when it reads', async () => {
    gateway = await startGateway({ limits });
    const stuck = keep(await openSse(gateway.port, params));
    await stuck.inbox.until(of('ready'));
    const stuckSockets = [
      keep(await openWebSocket(gateway.port, { road: 'front' })),
      keep(await openWebSocket(gateway.port, { road: 'ordinary' })),
    ];
    for (const each of stuckSockets) await each.subscribe(params);
    stuck.pause();
    for (const each of stuckSockets) each.socket.pause();
    const healthy = keep(await openSse(gateway.port, params));
    await healthy.inbox.until(of('ready'));
    await flood();
    await expectAll(healthy);
    await until('three to be behind', async () => (await behind()) === 3);
    // What was written for them is what the kernel and the backlog took, not what there was to say.
    const written = await gateway.metric(/^manifeed_delivered_bytes_total\{transport="websocket"\}/);
    expect(written).toBeLessThan((stuckSockets.length * total * leastBytes) / 2);
    expect(await gateway.metric(/^manifeed_lag_positions /)).toBeGreaterThan(total / 2);

    stuck.resume();
    for (const each of stuckSockets) each.socket.resume();
    for (const each of [stuck, ...stuckSockets]) await expectAll(each);
    await until('none to be behind', async () => (await behind()) === 0);
    await gateway.publish({ reference: 'r.test/flood:live', digest: digest('live') });
    for (const each of [stuck, ...stuckSockets])
      expect((await each.inbox.until(of('change'))).change.tag).toBe('live');
  });

  it('G10: is closed after stalledTimeout, and resumes where it stopped', async () => {
    // Longer than a busy machine lets the process itself stand still: the one that reads must not be taken for stalled.
    gateway = await startGateway({ limits: { ...limits, stalledTimeout: '3s' } });
    const sse = keep(await openSse(gateway.port, params));
    await sse.inbox.until(of('ready'));
    const socket = keep(await openWebSocket(gateway.port));
    await socket.subscribe(params);
    sse.pause();
    socket.socket.pause();
    await flood();
    for (const transport of ['sse', 'websocket']) {
      const open = new RegExp(`^manifeed_subscribers\\{transport="${transport}"\\}`);
      await until(`${transport} to be closed`, async () => (await gateway.metric(open)) === 0);
    }
    sse.resume();
    await sse.closed;
    const seen = sse.inbox.seen.filter(of('change')).length;
    expect(seen).toBeLessThan(total);
    const again = keep(
      await openSse(gateway.port, params, { headers: { 'Last-Event-ID': sse.lastEventId() } }),
    );
    await expectAll(again, seen);
  });
});

it.each([
  ['front', {}],
  ['ordinary', { TE: 'trailers' }],
])('G10: a WebSocket of the %s road that talks and does not read is closed', async (_road, headers) => {
  const chatty = { ...limits, maxBacklog: '4KiB', messagesPerSecond: 100_000 };
  gateway = await startGateway({ limits: chatty });
  const raw = keep(await openBareWebSocket(gateway.port, headers));
  raw.socket.pause();
  const id = 'x'.repeat(64);
  const message = clientFrame(opcode.text, JSON.stringify({ type: 'unsubscribe', id }));
  const flood = Buffer.concat(Array.from({ length: 1_000 }, () => message));
  const subscribers = () => gateway.metric(/^manifeed_subscribers\{transport="websocket"\}/);
  for (let sent = 0; sent < 150 && (await subscribers()) === 1; sent++) raw.send(flood);
  expect(await subscribers()).toBe(0);
  raw.socket.resume();
  expect(closeCodeIn(await raw.ended())).toBe(4102);
});

it('G10: a long-poll whose answer nobody reads is cut after stalledTimeout', async () => {
  gateway = await startGateway({ limits: { ...limits, stalledTimeout: '1s' } });
  const entry = (n: number) => ({ reference: `r.test/flood:${n}`, digest: digest('x'), mediaType });
  await gateway.publish(...Array.from({ length: batch }, (_, n) => entry(n)));
  const raw = keep(await openRaw(gateway.port));
  raw.socket.pause();
  const gone = new Promise((resolve) => raw.socket.once('close', resolve));
  // So many, one behind the other, that the kernel does not take all of it.
  const request = 'GET /v2/updates?n=1000&format=cloudevents&pace=none HTTP/1.1\r\nHost: localhost\r\n\r\n';
  raw.send(request.repeat(30));
  // A reader that is paused learns of the end only by writing.
  const knock = setInterval(() => raw.send(request), 50);
  await gone;
  clearInterval(knock);
});

it('a request that is sent in drops is not waited for beyond headerTimeout', async () => {
  gateway = await startGateway({ limits: { headerTimeout: '1s' } });
  const silent = keep(await openRaw(gateway.port));
  const half = keep(await openRaw(gateway.port));
  half.send('GET /v1/events HTTP/1.1\r\nHost: localhost\r\n');
  await silent.ended();
  expect(silent.text()).toBe('');
  expect(await half.ended()).toMatch(/^HTTP\/1\.1 408 /);
});
