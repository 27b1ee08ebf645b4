/** A gateway as operators meet it: changes, registries and hooks in and out of trouble, subscribers, a wave. */
import { type FakeRegistry, startFakeRegistry } from '../../../support/fake-registry.ts';
import {
  digest,
  type GatewayProcess,
  publish,
  type Settings,
  spawnGateway,
} from '../../../support/gateway.ts';
import { openSse, type SseClient } from '../../../support/sse-client.ts';
import { of } from '../../../support/stream-client.ts';

export interface World {
  readonly gateway: GatewayProcess;
  /** The dashboard. @param hash with its `#` */
  at(hash?: string): string;
  close(): Promise<void>;
}

const subscribers = 12;

/** @param settings beside those of the world */
export async function openWorld(settings: Settings = {}): Promise<World> {
  const registry = await startFakeRegistry();
  const gateway = await spawnGateway({ settings: { ...settingsOf(registry), ...settings } });
  const streams = await subscribe(gateway);
  await tell(gateway.port);
  return {
    gateway,
    at: (hash = '') => `${gateway.url}/ui/${hash}`,
    async close() {
      for (const stream of streams) stream.close();
      await gateway.stop('SIGKILL');
      await registry.close();
    },
  };
}

function settingsOf(registry: FakeRegistry): Settings {
  registry.push('team/app', '1.0', 'one');
  registry.faults.push((_request, response, url) => {
    if (!url.pathname.includes('private')) return false;
    response.writeHead(403).end();
    return true;
  });
  const poll = { interval: '1s', requestsPerSecond: 20 };
  return {
    name: 'gateway-1',
    registries: [
      { host: registry.host, plainHttp: true, poll },
      // Nothing listens there.
      { host: 'registry.example.com', endpoint: 'http://127.0.0.1:9', plainHttp: true, poll },
    ],
    watch: [
      { repository: `${registry.host}/team/app`, tags: ['*'] },
      { repository: `${registry.host}/team/private`, tags: ['1'] },
      ...['a', 'b', 'c', 'd', 'e', 'f'].map((name) => ({
        repository: `registry.example.com/team/${name}`,
        tags: ['1'],
      })),
    ],
    webhooks: [
      { name: 'publish', kind: 'manifeed', registry: 'docker.io', verify: 'none' },
      { name: 'harbor', kind: 'harbor', registry: 'harbor.example.com', token: 'harbor-token' },
      { name: 'quiet', kind: 'quay', registry: 'quay.example.com', pathToken: 'quay-token' },
    ],
    // Slow enough that a wave lasts while one looks.
    pace: { deliveriesPerSecond: 2, burst: 1 },
  };
}

async function subscribe({ port }: GatewayProcess): Promise<readonly SseClient[]> {
  const filters = [{ repository: 'nginx*', tag: '1.*' }, { repository: ['nginx*', 'library/**'] }, {}];
  const opened = Array.from({ length: subscribers }, async (_, at) => {
    const stream = await openSse(port, filters[at % filters.length] ?? {});
    await stream.inbox.until(of('ready'));
    return stream;
  });
  return Promise.all(opened);
}

async function tell(port: number): Promise<void> {
  const names = [
    'nginx',
    'redis',
    'team/a-repository-with-quite-a-long-name/and-another-part',
    'ghcr.io/team/app',
  ];
  const entries = names.flatMap((name) =>
    ['1.26', '1.27', 'latest'].map((tag) => ({
      reference: `${name}:${tag}`,
      digest: digest(`${name} ${tag}`),
    })),
  );
  await publish(port, entries);
  await publish(port, [{ reference: 'nginx:1.27', digest: digest('moved') }]);
  await publish(port, [{ reference: 'redis:latest', action: 'delete' }]);
  const harbor = (authorization: string, body: string) =>
    fetch(`http://127.0.0.1:${port}/v1/hooks/harbor`, {
      ...{ method: 'POST', body, headers: { authorization, 'content-type': 'application/json' } },
    });
  await harbor('wrong', '{}');
  await harbor('harbor-token', '[]');
}
