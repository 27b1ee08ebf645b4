/** How the gateway ends: it says goodbye evenly, and never waits for those who do not answer. */
import { afterEach, describe, expect, it } from 'vitest';
import { digest, type GatewayProcess, publish, spawnGateway } from '../support/gateway.ts';
import { poll } from '../support/long-poll-client.ts';
import { openRaw } from '../support/raw-http.ts';
import { openSse, sseRequest } from '../support/sse-client.ts';
import { of, type StreamClient } from '../support/stream-client.ts';
import { until } from '../support/until.ts';
import { openWebSocket } from '../support/websocket-client.ts';

let gateway: GatewayProcess;
const clients: { close(): void }[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await gateway?.stop('SIGKILL');
});

function keep<T extends { close(): void }>(client: T): T {
  clients.push(client);
  return client;
}

async function subscribers(count: number): Promise<StreamClient[]> {
  const opened: StreamClient[] = [];
  for (let n = 0; n < count; n++) {
    opened.push(keep(await openSse(gateway.port, { repository: 'nginx' })));
    const socket = keep(await openWebSocket(gateway.port));
    await socket.subscribe({ repository: 'nginx' });
    opened.push(socket);
  }
  for (const client of opened) await client.inbox.until(of('ready'));
  return opened;
}

describe('SIGTERM', () => {
  it('G12: each subscriber gets bye with its last position and its own retry, spread over the window', async () => {
    gateway = await spawnGateway({ settings: { drain: { window: '5s' } } });
    const opened = await subscribers(10);
    await publish(gateway.port, [{ reference: 'nginx:1', digest: digest('1') }]);
    for (const client of opened) await client.inbox.until(of('change'));
    const waiting = poll(gateway.port, '/v2/updates?repository=nobody&wait=50s');
    const waits = async () => (await metricLine('manifeed_subscribers{transport="long-poll"}')) === '1';
    await until('the long-poll to wait', waits);

    // Each is awaited from now on, so that it is noted when it comes.
    const leftAt: number[] = [];
    const leaving = Promise.all(
      opened.map(async (client) => {
        const bye = await client.inbox.until(of('bye'));
        leftAt.push(performance.now());
        const code = await client.closed;
        return { ...bye, code };
      }),
    );
    gateway.child.kill('SIGTERM');
    await gateway.says('draining');
    expect(gateway.output()).toContain(
      'draining: 21 subscribers are closed within 5 s (drain.window); a second signal stops at once',
    );
    expect((await poll(gateway.port, '/readyz')).status).toBe(503);
    expect((await poll(gateway.port, '/healthz')).status).toBe(200);
    const late = await poll(gateway.port, '/v1/events');
    expect([late.status, JSON.parse(late.body).errors[0].code]).toEqual([503, 'DRAINING']);
    expect(late.headers['retry-after']).toMatch(/^\d+$/);

    const byes = await leaving;
    for (const [index, bye] of byes.entries()) {
      expect(bye).toMatchObject({ reason: 'DRAINING', position: expect.stringMatching(/^[0-9a-z]{8}-1$/) });
      expect(bye.code).toBe(index % 2 === 0 ? null : 4200);
    }
    expect(new Set(byes.map((bye) => bye.retryMs)).size).toBeGreaterThan(15);
    // Not all at once: the last left well after the first.
    expect(Math.max(...leftAt) - Math.min(...leftAt)).toBeGreaterThan(1_000);
    expect((await waiting).body).toBe('[]');
    expect(await gateway.exited).toEqual({ code: 0, signal: null });
  });

  it('a subscriber that never closes its side holds nothing up', async () => {
    gateway = await spawnGateway({ settings: { drain: { window: '0s' } } });
    const raw = keep(await openRaw(gateway.port));
    raw.send(sseRequest(gateway.port, {}));
    await raw.until('event: ready');
    const socket = keep(await openRaw(gateway.port));
    socket.send(handshake(gateway.port));
    await socket.until('101 Switching');
    const silent = keep(await openRaw(gateway.port));
    gateway.child.kill('SIGTERM');
    await raw.until('event: bye');
    expect(await gateway.exited).toEqual({ code: 0, signal: null });
    silent.close();
  });

  it('targets end at once, and take nothing of the window', async () => {
    const target = { kind: 'exec', command: [process.execPath, '--version'] };
    const targets = ['one', 'two', 'three'].map((name) => ({ ...target, name }));
    gateway = await spawnGateway({ settings: { targets, drain: { window: '10m' } } });
    gateway.child.kill('SIGTERM');
    expect(await gateway.exited).toEqual({ code: 0, signal: null });
  });

  it('a second signal stops at once', async () => {
    gateway = await spawnGateway({ settings: { drain: { window: '10m' } } });
    const opened = await subscribers(20);
    gateway.child.kill('SIGTERM');
    await gateway.says('draining');
    // SIGTERM so soon would count as npm's echo of the first.
    gateway.child.kill('SIGINT');
    // The window is ten minutes: a test that is over has shown it.
    expect((await gateway.exited).signal).toBeNull();
    for (const client of opened) await client.closed;
  });
});

async function metricLine(name: string): Promise<string | undefined> {
  const { body } = await poll(gateway.port, '/metrics');
  return body
    .split('\n')
    .find((line) => line.startsWith(name))
    ?.split(' ')
    .at(-1);
}

function handshake(port: number): string {
  return (
    `GET /v1/socket HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
  );
}
