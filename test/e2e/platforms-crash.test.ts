/** A gateway is killed while an acknowledged push waits for its platforms; the next one completes it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { startFakeRegistry } from '../support/fake-registry.ts';
import { type GatewayProcess, publish, spawnGateway } from '../support/gateway.ts';
import { openSse } from '../support/sse-client.ts';
import { of } from '../support/stream-client.ts';

const folder = mkdtempSync(join(tmpdir(), 'manifeed-platforms-'));
const closing: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
  rmSync(folder, { recursive: true, force: true });
});

it('a push that waits for its platforms survives a kill, with its order and what was learned', async () => {
  const registry = await startFakeRegistry();
  closing.push(() => registry.close());
  const name = `${registry.host}/team/app`;
  const settings = {
    ledger: `sqlite:${join(folder, 'ledger.db')}`,
    registries: [{ host: registry.host, plainHttp: true, platforms: true, poll: { onDemand: false } }],
    platforms: { timeout: '1m' },
  };
  const start = async (): Promise<GatewayProcess> => {
    const gateway = await spawnGateway({ settings });
    closing.unshift(() => gateway.stop('SIGKILL'));
    return gateway;
  };
  const both = (amd: string, arm: string) => ({ 'linux/amd64': amd, 'linux/arm64': arm });
  const [one, two, three] = [both('a1', 'b1'), both('a2', 'b1'), both('a2', 'b2')].map((each) =>
    registry.pushPlatforms('team/app', 'x', each),
  );
  const first = await start();
  registry.faults.push((request) => request.method === 'GET');
  for (const manifest of [one, two, three])
    await publish(first.port, [{ reference: `${name}:x`, ...(manifest && { digest: manifest.digest }) }]);
  await registry.reached('GET manifests', 1);
  await first.stop('SIGKILL');
  registry.faults.length = 0;

  const second = await start();
  const client = await openSse(second.port, { platform: 'linux/arm64', since: '2020-01-01T00:00:00Z' });
  const created = await client.inbox.until(of('change'));
  expect(created.change).toMatchObject({ type: 'tag.created', digest: one?.digest });
  const moved = await client.inbox.until(of('change'));
  expect(moved.change).toMatchObject({ type: 'tag.updated', digest: three?.digest });
  expect(JSON.parse(moved.text)).toHaveProperty('platforms');
  client.close();
  // Each digest once, besides the request that the kill cut off.
  expect(registry.count('GET manifests')).toBe(4);
});
