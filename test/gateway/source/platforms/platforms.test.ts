/** Platform filters through a whole gateway: a registry, webhooks and polls, and each transport. */
import { afterEach, describe, expect, it } from 'vitest';
import { roads } from '../../../contract/stream-roads.ts';
import { type FakeRegistry, startFakeRegistry } from '../../../support/fake-registry.ts';
import { type Gateway, type Settings, startGateway } from '../../../support/gateway.ts';
import { openLongPoll } from '../../../support/long-poll-client.ts';
import { registryHeaders } from '../../../support/registry-headers.ts';
import { openSse } from '../../../support/sse-client.ts';
import { of, type Params, RefusedError, type StreamClient } from '../../../support/stream-client.ts';
import { until } from '../../../support/until.ts';
import { openWebSocket } from '../../../support/websocket-client.ts';

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

function keep<T extends { close(): unknown }>(one: T): T {
  opened.push(one);
  return one;
}

async function start(
  more: Settings = {},
): Promise<{ registry: FakeRegistry; gateway: Gateway; name: string }> {
  const registry = keep(await startFakeRegistry());
  const gateway = keep(
    await startGateway({
      registries: [
        {
          host: registry.host,
          plainHttp: true,
          platforms: true,
          poll: { onDemand: false, requestsPerSecond: 1_000 },
        },
      ],
      ...more,
    }),
  );
  return { registry, gateway, name: `${registry.host}/team/app` };
}

const both = (amd: string, arm: string) => ({ 'linux/amd64': amd, 'linux/arm64/v8': arm });

/** The tags and digests of the changes that have come. */
async function digests(client: StreamClient, count: number): Promise<string[]> {
  const got: string[] = [];
  while (got.length < count) got.push((await client.inbox.until(of('change'))).change.digest ?? 'none');
  return got;
}

describe('a platform filter', () => {
  it.each(roads)('over $name delivers the moves of its platforms, live and replayed', async (road) => {
    const { registry, gateway, name } = await start();
    const open = async (more: Params = {}) => {
      const platform = ['linux/arm64', 'linux/arm/v7'];
      return keep(await road.open(gateway.port, { repository: name, platform, ...more }));
    };
    const live = await open();
    await live.inbox.until(of('ready'));
    const words = ['a1 b1 c1 x', 'a2 b1 c1 x', 'a2 b2 c1 x', 'a2 b2 c1 y', 'a2 b2 c2 y', 'a3 b2 c2 y'];
    const pushed = words.map((each) => {
      const [amd = '', arm64 = '', arm = '', attestation = ''] = each.split(' ');
      const all = { ...both(amd, arm64), 'linux/arm/v7': arm, 'unknown/unknown': attestation };
      return registry.pushPlatforms('team/app', 'x', all).digest;
    });
    for (const digest of pushed) await gateway.publish({ reference: `${name}:x`, digest });
    await gateway.publish({ reference: `${name}:x`, action: 'delete' });
    const wanted = [pushed[0], pushed[2], pushed[4], 'none'];
    expect(await digests(live, 4)).toEqual(wanted);
    const since = '2020-01-01T00:00:00Z';
    expect(await digests(await open({ since }), 4)).toEqual(wanted);
    const plain = keep(await road.open(gateway.port, { repository: name, since }));
    expect(await digests(plain, 7)).toEqual([...pushed, 'none']);
    expect(registry.count('GET manifests')).toBe(pushed.length);
  });

  it('works for a long-poll, and the change names the platforms', async () => {
    const { registry, gateway, name } = await start();
    const { digest } = registry.pushPlatforms('team/app', 'x', both('a1', 'b1'));
    await gateway.publish({ reference: `${name}:x`, digest });
    const url = `${gateway.url}/v2/updates?platform=linux/amd64&since=2020-01-01T00:00:00Z&wait=20s`;
    const response = await fetch(url);
    const changes: { type: string; platforms: Record<string, string> }[] = JSON.parse(await response.text());
    expect(changes).toMatchObject([{ type: 'tag.created' }]);
    expect(Object.keys(changes[0]?.platforms ?? {})).toEqual(['linux/amd64', 'linux/arm64']);
  });

  it('delivers what cannot be known, marked so: the registry refuses', async () => {
    const { registry, gateway, name } = await start();
    registry.faults.push((request, response) => {
      if (request.method !== 'GET') return false;
      response.writeHead(429, { 'retry-after': '600' }).end();
      return true;
    });
    const client = keep(await openSse(gateway.port, { repository: name, platform: 'linux/s390x' }));
    await client.inbox.until(of('ready'));
    for (const [n, content] of ['a1', 'a2'].entries()) {
      const { digest } = registry.pushPlatforms('team/app', 'x', both(content, 'b1'));
      await gateway.publish({ reference: `${name}:x`, digest });
      const { change } = await client.inbox.until(of('change'));
      expect(change).toMatchObject({
        digest,
        platforms: null,
        type: n === 0 ? 'tag.created' : 'tag.updated',
      });
    }
    // The second was not asked for: the registry had said when to come back.
    expect(registry.count('GET manifests')).toBe(1);
  });

  it('delivers what is not known in time, and acknowledges the webhook before', async () => {
    const { registry, gateway, name } = await start({ platforms: { timeout: '200ms' } });
    registry.faults.push((request) => request.method === 'GET');
    const client = keep(await openSse(gateway.port, { repository: name, platform: 'linux/s390x' }));
    await client.inbox.until(of('ready'));
    const { digest } = registry.pushPlatforms('team/app', 'x', both('a1', 'b1'));
    await gateway.publish({ reference: `${name}:x`, digest });
    const { change } = await client.inbox.until(of('change'));
    expect(change).toMatchObject({ digest, platforms: null });
    expect(await gateway.metric(/^manifeed_platform_lookups_total\{result="late"\}/m)).toBe(1);
  });

  it('says nothing of platforms where nobody asks for them, and delivers', async () => {
    const { gateway } = await start();
    const client = keep(await openSse(gateway.port, { platform: 'linux/amd64' }));
    await client.inbox.until(of('ready'));
    await gateway.publish({ reference: 'other.test/app:x', digest: `sha256:${'a'.repeat(64)}` });
    const { change } = await client.inbox.until(of('change'));
    expect(Object.keys(change)).not.toContain('platforms');
  });

  it('is for polls too, and `watch[].manifests` keeps the bytes', async () => {
    const registry = keep(await startFakeRegistry());
    const name = `${registry.host}/team/app`;
    registry.pushPlatforms('team/app', 'x', both('a1', 'b1'));
    const poll = { interval: '1s', minInterval: '1s', maxInterval: '1s', requestsPerSecond: 1_000 };
    const gateway = keep(
      await startGateway({
        registries: [{ host: registry.host, plainHttp: true, poll }],
        watch: [{ repository: name, platforms: true, manifests: true }],
      }),
    );
    const client = keep(await openSse(gateway.port, { platform: 'linux/arm64' }));
    await client.inbox.until(of('ready'));
    const filled = /^manifeed_observations_total\{source="poll",outcome="filled"\}/m;
    await until('the first look', async () => (await gateway.metric(filled)) > 0);
    registry.pushPlatforms('team/app', 'x', both('a2', 'b1'));
    await registry.reached('GET manifests', 2);
    const { digest } = registry.pushPlatforms('team/app', 'x', both('a2', 'b2'));
    const { change } = await client.inbox.until(of('change'));
    expect(change).toMatchObject({ digest, origin: 'poll' });
    expect(await gateway.metric(/^manifeed_manifests_kept_total\{result="done"\}/m)).toBe(2);
    expect(registry.count('GET manifests')).toBe(3);
  });

  it('does not call a list of tags whole while one of them waits', async () => {
    // A list is read anew whenever somebody asks.
    const { registry, gateway, name } = await start({ facade: { maxListAge: '0s' } });
    const push = (tag: string) => {
      const { digest } = registry.pushPlatforms('team/app', tag, both(tag, 'b1'));
      return gateway.publish({ reference: `${name}:${tag}`, digest });
    };
    const list = () => fetch(`${gateway.url}/v2/${registry.host.replace(':', '_')}/team/app/tags/list`);
    await push('first');
    await until('the first tag', async () => (await list()).status === 200);
    const held: (() => void)[] = [];
    registry.faults.push((request, response) => {
      if (!request.url?.includes('/manifests/sha256:')) return false;
      held.push(() => response.writeHead(404, registryHeaders).end());
      return true;
    });
    await push('second');
    await registry.reached('GET manifests', 2);
    expect((await list()).status).toBe(429);
    registry.faults.length = 0;
    for (const release of held) release();
    await until('both', async () => (await list()).status === 200);
    expect(await (await list()).json()).toMatchObject({ tags: ['first', 'second'] });
  });

  it.each([
    ['linux', ['linux']],
    ['unknown/unknown', ['unknown/unknown']],
    ['foo/bar/baz/qux', ['linux/amd64', 'foo/bar/baz/qux']],
    ['a thousand', Array.from({ length: 1_000 }, (_, n) => `linux/cpu${n}`)],
  ])('refuses %s by name, over each transport', async (_, platform) => {
    const { gateway } = await start();
    const socket = keep(await openWebSocket(gateway.port));
    for (const open of [
      () => openSse(gateway.port, { platform }),
      () => openLongPoll(gateway.port, { platform }),
      () => socket.subscribe({ platform }),
    ]) {
      const refused = await open().catch((error: unknown) => error);
      if (!(refused instanceof RefusedError)) throw new Error('accepted');
      expect(refused.refusal).toMatchObject({ code: 'PARAMETER_INVALID', detail: { parameter: 'platform' } });
    }
  });
});
