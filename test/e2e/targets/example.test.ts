/** examples/targets, as a reader runs it: the receiver prints what the gateway tells it, and nothing else. */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Child, startChild } from '../../support/child.ts';
import { freePort } from '../../support/free-port.ts';
import { digest, type GatewayProcess, publish, type Settings, spawnGateway } from '../../support/gateway.ts';
import { until } from '../../support/until.ts';

const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
let gateway: GatewayProcess | null = null;
let receiver: Child | null = null;

afterEach(async () => {
  await receiver?.stop('SIGKILL');
  await gateway?.stop('SIGKILL');
  receiver = gateway = null;
});

/** The receiver, and what it has printed. */
async function startReceiver(port: number): Promise<() => string> {
  const env = { PATH: process.env.PATH ?? '', PORT: String(port), WEBHOOK_SECRET: secret };
  const child = startChild(process.execPath, ['examples/targets/receiver.mjs'], { env });
  receiver = child;
  const url = `http://127.0.0.1:${port}/`;
  const refuses = async () => (await fetch(url, { method: 'POST', body: '{}' })).status === 401;
  await child.until('an answer', refuses);
  return child.output;
}

describe('the example of a target', () => {
  it('prints each change of its repository, once', async () => {
    const port = await freePort();
    const printed = await startReceiver(port);
    const yaml = readFileSync('examples/targets/manifeed.yaml', 'utf8').replace(':9000/', `:${port}/`);
    gateway = await spawnGateway({ settings: parse(yaml) as Settings, env: { WEBHOOK_SECRET: secret } });
    await publish(gateway.port, [
      { reference: 'nginx:1.27', digest: digest('1') },
      { reference: 'redis:8', digest: digest('2') },
      { reference: 'nginx:1.28', digest: digest('3') },
    ]);
    await until('both changes', () => printed().split('\n').length === 3);
    expect(printed().trim().split('\n').sort()).toEqual([
      `tag.created docker.io/library/nginx:1.27 ${digest('1')}`,
      `tag.created docker.io/library/nginx:1.28 ${digest('3')}`,
    ]);
  });

  it('refuses what is forged, too old or too large', async () => {
    const port = await freePort();
    const printed = await startReceiver(port);
    const post = async (body: string, headers: Readonly<Record<string, string>> = {}) =>
      (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body, headers })).status;
    const now = String(Math.floor(Date.now() / 1000));
    const signature = `v1,${Buffer.alloc(32).toString('base64')}`;
    const forged = { 'webhook-id': 'a-1', 'webhook-timestamp': now, 'webhook-signature': signature };
    expect(await post('{}', forged)).toBe(401);
    expect(await post('{}', { ...forged, 'webhook-timestamp': '1' })).toBe(401);
    expect(await post('x'.repeat(70_000), forged)).toBe(413);
    expect(printed()).toBe('');
  });
});
