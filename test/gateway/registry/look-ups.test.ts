/** The update check of an image that nobody told the gateway of. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeRegistry, startFakeRegistry } from '../../support/fake-registry.ts';
import { type Gateway, startGateway } from '../../support/gateway.ts';
import { get } from '../../support/index-client.ts';

let registry: FakeRegistry;
let gateway: Gateway;

async function start(onDemand: boolean): Promise<void> {
  gateway = await startGateway({
    registries: [{ host: registry.host, plainHttp: true, poll: { requestsPerSecond: 1_000 } }],
    facade: { onDemand },
  });
}

beforeEach(async () => {
  registry = await startFakeRegistry();
});
afterEach(async () => {
  await gateway.close();
  await registry.close();
});

const check = async (image: string) =>
  (await get(gateway, `/v1/check?image=${registry.host}/${image}`)).body.images[0];

describe('the update check of an unknown image', () => {
  it('asks its registry if that is allowed, once, and makes no change of it', async () => {
    await start(true);
    const { digest } = registry.push('app', '1', 'one');
    expect(await check('app:1')).toMatchObject({ digest, certain: true, reason: null });
    expect(await check('app:1')).toMatchObject({ digest });
    expect(registry.count('HEAD manifests')).toBe(1);
    expect((await get(gateway, '/v1/changes')).body.changes).toEqual([]);
  });

  it('remembers that there is none', async () => {
    await start(true);
    for (let n = 0; n < 3; n += 1)
      expect(await check('app:none')).toMatchObject({ digest: null, reason: 'unknown' });
    expect(registry.count('HEAD manifests')).toBe(1);
  });

  it('asks nobody otherwise, and says that it does not know', async () => {
    await start(false);
    registry.push('app', '1', 'one');
    expect(await check('app:1')).toMatchObject({ digest: null, certain: false, reason: 'unknown' });
    expect(registry.log).toEqual([]);
  });
});
