/** Orphans, asked over HTTP, with a registry behind the gateway. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeRegistry, startFakeRegistry } from '../../../support/fake-registry.ts';
import { digest, type Gateway, type Settings, startGateway } from '../../../support/gateway.ts';
import { get, pages } from '../../../support/index-client.ts';

let registry: FakeRegistry;
let gateway: Gateway;

async function start(poll: Settings = { requestsPerSecond: 1_000 }, more: Settings = {}): Promise<void> {
  gateway = await startGateway({
    defaultRegistry: registry.host,
    registries: [{ host: registry.host, plainHttp: true, poll }],
    ...more,
  });
}

beforeEach(async () => {
  registry = await startFakeRegistry();
});
afterEach(async () => {
  await gateway.close();
  await registry.close();
});

const signature = (of: string, suffix = '.sig') => `${of.replace(':', '-')}${suffix}`;
const push = (tag: string, word: string) => ({ reference: `app:${tag}`, digest: digest(word) });
const sign = (...digests: string[]) =>
  gateway.publish(...digests.map((of) => push(signature(of), 'signature')));
const heads = () => registry.count('HEAD manifests');

describe('GET /v1/orphans', () => {
  it('answers signatures whose image is not known, and does not call that certain', async () => {
    await start();
    await gateway.publish(push('1', 'one'), push('2', 'two'));
    await sign(digest('one'), digest('two'), digest('gone'));
    await gateway.publish({ reference: `app@${digest('two')}`, action: 'delete' });
    const { status, body } = await get(gateway, '/v1/orphans?repository=app');
    expect(status).toBe(200);
    const subjects = [digest('two'), digest('gone')].sort();
    const time = expect.stringMatching(/^\d{4}-.*Z$/);
    expect(body).toEqual({
      orphans: subjects.map((subject) => ({
        ...{
          registry: registry.host,
          repository: 'app',
          tag: signature(subject),
          digest: digest('signature'),
        },
        ...{ mediaType: null, size: null, firstSeenAt: time, updatedAt: time, subject },
      })),
      ...{ next: null, certain: false, reason: 'not-verified' },
    });
    expect(heads()).toBe(0);
    const paged = await pages(gateway, '/v1/orphans?repository=app&n=1');
    expect(paged.flatMap((page) => page.body.orphans)).toEqual(body.orphans);
  });

  it('is empty for a repository that nobody heard of', async () => {
    await start();
    const { status, body } = await get(gateway, '/v1/orphans?repository=none');
    expect([status, body.orphans, body.next]).toEqual([200, [], null]);
  });

  it('with verify asks the registry for each row, once, and knows from then on what it has', async () => {
    await start();
    const there = registry.push('app', '9', 'there');
    await sign(there.digest, digest('gone'), digest('lost'));
    const before = await get(gateway, '/v1/orphans?repository=app');
    expect(before.body.orphans).toHaveLength(3);
    const wanted = [digest('gone'), digest('lost')].sort();
    for (let n = 0; n < 2; n += 1) {
      const { body } = await get(gateway, '/v1/orphans?repository=app&verify=true');
      expect(body.orphans.map(({ subject }) => subject)).toEqual(wanted);
      expect([body.certain, body.reason, body.next]).toEqual([true, null, null]);
      expect(heads()).toBe(3);
    }
    const after = await get(gateway, '/v1/orphans?repository=app');
    expect(after.body.orphans.map(({ subject }) => subject)).toEqual(wanted);
    expect((await get(gateway, '/v1/changes?repository=app&type=manifest.*')).body.changes).toEqual([]);
  });

  it('with verify does not believe an old deletion', async () => {
    await start();
    const back = registry.push('app', '9', 'back');
    await gateway.publish(push('1', 'back'), { reference: `app:9`, digest: back.digest });
    await sign(back.digest);
    await gateway.publish({ reference: `app@${back.digest}`, action: 'delete' });
    expect((await get(gateway, '/v1/orphans?repository=app')).body.orphans).toHaveLength(1);
    expect((await get(gateway, '/v1/orphans?repository=app&verify=true')).body.orphans).toEqual([]);
  });

  it('refuses with the time to come back if the registry allows no question', async () => {
    await start();
    await sign(digest('gone'));
    registry.faults.push((_request, response) => {
      response.writeHead(429, { 'retry-after': '30' }).end();
      return true;
    });
    for (let n = 0; n < 2; n += 1) {
      const { status, body, headers } = await get(gateway, '/v1/orphans?repository=app&verify=true');
      expect([status, body.errors[0]?.code]).toEqual([429, 'TOO_MANY_REQUESTS']);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(20);
    }
    expect(heads()).toBe(1);
    expect((await get(gateway, '/v1/orphans?repository=app')).status).toBe(200);
  });

  it('asks no registry that is not configured, and none if the read API is off', async () => {
    const hook = { name: 'other', kind: 'distribution', verify: 'none', registry: 'ghcr.io' };
    await start({}, { webhooks: [hook] });
    const path = '/v1/orphans?verify=true&repository=';
    const other = await get(gateway, `${path}ghcr.io/a/b`);
    expect(other.body.errors[0]).toMatchObject({
      code: 'PARAMETER_INVALID',
      message: expect.stringContaining('ghcr.io'),
      detail: { parameter: 'verify' },
    });
    await gateway.close();
    await start({}, { facade: { enabled: false } });
    const off = await get(gateway, `${path}app`);
    expect(off.body.errors[0]).toMatchObject({
      code: 'PARAMETER_INVALID',
      message: expect.stringContaining('facade.enabled'),
    });
  });
});
