import { afterEach, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway.ts';
import { poll } from '../../support/long-poll-client.ts';
import { openSse } from '../../support/sse-client.ts';
import { until } from '../../support/until.ts';
import { openWebSocket } from '../../support/websocket-client.ts';

let gateway: Gateway;
afterEach(() => gateway.close());

const value = (name: string, labels: string) =>
  gateway.metric(new RegExp(`^manifeed_${name}\\{${labels}\\} `));
const opens = (transport: string, resumed: boolean) =>
  value('stream_opens_total', `transport="${transport}",resumed="${resumed}"`);
const ends = (reason: string) => value('stream_ends_total', `reason="${reason}"`);

describe('metrics of streams', () => {
  it('count each transport, from its first subscription, and whether it resumed', async () => {
    gateway = await startGateway();
    const sse = await openSse(gateway.port);
    const { next } = await poll(gateway.port, '/v2/updates?n=0');
    const webSocket = await openWebSocket(gateway.port);
    expect(await opens('websocket', false)).toBe(0);
    await webSocket.subscribe({}, 'one');
    await webSocket.subscribe({}, 'two');
    await poll(gateway.port, next ?? '');
    await poll(gateway.port, '/v2/updates?wait=1ms');
    expect([await opens('sse', false), await opens('sse', true)]).toEqual([1, 0]);
    expect([await opens('websocket', false), await opens('websocket', true)]).toEqual([1, 0]);
    expect([await opens('long-poll', false), await opens('long-poll', true)]).toEqual([1, 1]);
    expect(await ends('answered')).toBe(2);
    sse.close();
    webSocket.close();
    await until('both have left', async () => (await ends('client')) === 2);
  });

  it('say why the gateway ended a stream', async () => {
    gateway = await startGateway({ limits: { heartbeatInterval: '1s' } });
    const silent = await openWebSocket(gateway.port);
    await silent.subscribe({});
    // Its client answers no ping any more.
    silent.socket.pause();
    const broken = await openWebSocket(gateway.port);
    await broken.subscribe({});
    broken.socket.send('no JSON');
    await until('it is refused', async () => (await ends('MESSAGE_INVALID')) === 1);
    await until('its silence is noticed', async () => (await ends('silent')) === 1);
    const leaving = await openSse(gateway.port);
    await gateway.app.drain();
    expect(await ends('DRAINING')).toBe(1);
    expect(await gateway.metric(/^manifeed_draining /)).toBe(1);
    leaving.close();
  });

  it('name what runs, and how many may connect', async () => {
    gateway = await startGateway({ limits: { connections: 123 } });
    expect(await value('build_info', `version="0.0.0-test",node="${process.version}"`)).toBe(1);
    expect(await gateway.metric(/^manifeed_connections_limit /)).toBe(123);
    expect(await gateway.metric(/^manifeed_last_change_timestamp_seconds /)).toBe(0);
    await gateway.publish({ reference: 'a:1', digest: `sha256:${'0'.repeat(64)}` });
    const at = await gateway.metric(/^manifeed_last_change_timestamp_seconds /);
    expect(Math.abs(at - Date.now() / 1_000)).toBeLessThan(60);
    expect(await value('webhook_last_delivery_timestamp_seconds', 'hook="publish"')).toBeGreaterThan(at - 1);
  });
});
