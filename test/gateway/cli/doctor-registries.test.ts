/** `manifeed doctor --registries`. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { headStatus } from '../../../src/lib/head-status.ts';
import { as, diagnose, guarded } from '../../support/doctor.ts';
import { freePort } from '../../support/free-port.ts';
import { type Settings, startGateway } from '../../support/gateway.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function gatewayWith(settings: Settings = {}) {
  const gateway = await startGateway(settings);
  open.push(gateway);
  return gateway;
}

describe('manifeed doctor --registries', () => {
  async function registry(status: number): Promise<{ host: string; requests: string[] }> {
    const requests: string[] = [];
    const server = createServer((request, response) => {
      requests.push(`${request.method} ${request.url}`);
      response.writeHead(status).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push({ close: () => new Promise((resolve) => server.close(() => resolve())) });
    return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
  }

  it('asks each registry of the configuration once, and finds those that are away or throttle', async () => {
    const [ok, secret, throttling, ill] = [
      await registry(200),
      await registry(401),
      await registry(429),
      await registry(503),
    ];
    const away = `127.0.0.1:${await freePort()}`;
    const hosts = [ok.host, secret.host, throttling.host, ill.host, away];
    const config = JSON.stringify({
      ledger: 'memory',
      registries: hosts.map((host) => ({ host, plainHttp: true })),
    });
    const { url } = await gatewayWith();
    const { code, of } = await diagnose(url, ['--registries', '--config', 'm.yaml'], {
      ...{ files: { 'm.yaml': config }, headStatus },
    });
    expect(code).toBe(1);
    const asked = of('registries').filter(({ about }) => about !== null);
    expect(asked.map(({ about, level }) => [about, level])).toEqual([
      [ok.host, 'ok'],
      [secret.host, 'ok'],
      [throttling.host, 'warning'],
      [ill.host, 'warning'],
      [away, 'failed'],
    ]);
    expect(asked[2]).toMatchObject({
      text: expect.stringContaining('429'),
      remedy: expect.stringContaining('quota'),
    });
    expect(asked[4]?.text).toContain('ECONNREFUSED');
    for (const { requests } of [ok, secret, throttling, ill]) expect(requests).toEqual(['HEAD /v2/']);
  });

  it('says of one without TLS that it is so, and whether that is meant where it is known', async () => {
    const { host } = await registry(200);
    const { url } = await gatewayWith({ registries: [{ host, plainHttp: true }] });
    const unsure = await diagnose(url, ['--registries'], { headStatus });
    expect(unsure.code).toBe(0);
    expect(unsure.of('registries').filter(({ about }) => about === host)).toMatchObject([
      {
        level: 'skipped',
        text: 'it speaks HTTP without TLS, and whether the gateway may use that is not known here',
      },
    ]);
    const config = JSON.stringify({ ledger: 'memory', registries: [{ host }] });
    const sure = await diagnose(url, ['--registries', '--config', 'm.yaml'], {
      ...{ files: { 'm.yaml': config }, headStatus },
    });
    expect(sure.of('registries').filter(({ about }) => about === host)).toMatchObject([
      { level: 'failed', text: 'it speaks HTTP without TLS', remedy: expect.stringContaining('plainHttp') },
    ]);
  });

  it('learns them from the gateway, and says so where it may not', async () => {
    const { url } = await gatewayWith({
      ...guarded,
      registries: [{ host: 'r.test', endpoint: 'http://127.0.0.1:9', plainHttp: true }],
    });
    const asked: string[] = [];
    const head = async (target: string) => asked.push(target) * 0 + 200;
    const { of } = await diagnose(url, ['--registries'], { ...as('root'), headStatus: head });
    expect(asked).toEqual(['https://r.test/v2/']);
    expect(of('registries').at(-1)).toMatchObject({ level: 'ok', about: 'r.test' });
    const untold = await diagnose(url, ['--registries'], as('ci'));
    expect(untold.of('registries')).toMatchObject([
      { level: 'skipped', remedy: expect.stringContaining('--config') },
    ]);
  });
});
