import { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { SocketLimits } from '../../../src/access/socket-limits.ts';
import { noMetrics } from '../../../src/lib/metrics.ts';
import { type Gateway, startGateway } from '../../support/gateway.ts';
import { openRaw, parseAnswer, type RawHttp } from '../../support/raw-http.ts';
import { until } from '../../support/until.ts';

function fakeSocket(address: string | undefined): Socket {
  return Object.defineProperty(new Socket(), 'remoteAddress', { value: address });
}

describe('SocketLimits', () => {
  const limits = (exempt: string[] = []) => new SocketLimits(2, exempt, noMetrics);

  it('bounds the open sockets of one address, without touching others', () => {
    const some = limits();
    const first = fakeSocket('10.0.0.1');
    expect(some.accepts(first)).toBe(true);
    expect(some.accepts(fakeSocket('10.0.0.1'))).toBe(true);
    expect(some.accepts(fakeSocket('10.0.0.1'))).toBe(false);
    expect(some.accepts(fakeSocket('10.0.0.2'))).toBe(true);
    first.emit('close', false);
    first.emit('close', false);
    expect(some.accepts(fakeSocket('10.0.0.1'))).toBe(true);
    expect(some.accepts(fakeSocket('10.0.0.1'))).toBe(false);
  });

  it('counts an IPv6 /64 as one address, and IPv4 in IPv6 as IPv4', () => {
    const some = limits();
    const taken = (address: string) => some.accepts(fakeSocket(address));
    expect(['2001:db8::1', '2001:db8::2', '2001:db8::3'].map(taken)).toEqual([true, true, false]);
    expect(taken('2001:db8:0:1::1')).toBe(true);
    expect(['::ffff:10.0.0.1', '10.0.0.1', '::ffff:10.0.0.1'].map(taken)).toEqual([true, true, false]);
    expect(taken('::ffff:10.0.0.2')).toBe(true);
  });

  it('does not count trusted proxies, nor who is gone already', () => {
    const some = limits(['10.0.0.0/8']);
    for (let n = 0; n < 10; n++) {
      expect(some.accepts(fakeSocket('10.0.0.1'))).toBe(true);
      expect(some.accepts(fakeSocket(undefined))).toBe(true);
    }
  });
});

describe('a gateway whose client opens sockets and says nothing', () => {
  let gateway: Gateway;
  const opened: RawHttp[] = [];
  afterEach(async () => {
    for (const each of opened.splice(0)) each.close();
    await gateway.close();
  });

  it('closes those above the limit at once, counts them, and takes new ones when others go', async () => {
    gateway = await startGateway({ limits: { connectionsPerAddress: 1 } });
    const healthy = async () => {
      const connection = await openRaw(gateway.port);
      opened.push(connection);
      connection.send('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
      const answer = await Promise.race([connection.until('"ok"'), connection.ended()]).catch(() => '');
      return answer !== '' && parseAnswer(answer).status === 200;
    };
    const taken: boolean[] = [];
    // 200 beside the subscribers, for webhooks, health and metrics.
    for (let n = 0; n < 205; n++) taken.push(await healthy());
    expect(taken.filter((each) => !each)).toHaveLength(4);
    opened.shift()?.close();
    await until('a new one to be taken', healthy);
    for (const each of opened.splice(0)) each.close();
    const refused = () => gateway.metric(/^manifeed_sockets_refused_total/);
    await until('four to be counted', async () => (await refused()) >= 4);
  });
});
