import { afterEach, beforeEach, expect, it } from 'vitest';
import { ManifeedError } from '../../../../src/errors.ts';
import { type FakeRegistry, startFakeRegistry } from '../../../support/fake-registry.ts';
import { patienceMs } from '../../../support/inbox.ts';
import { quickPoll, type Rig, registryOf, rig, viewOf } from '../../../support/poll-rig.ts';

let registry: FakeRegistry;
let running: Rig | undefined;
beforeEach(async () => {
  registry = await startFakeRegistry();
});
afterEach(async () => {
  await running?.close();
  running = undefined;
  await registry.close();
});

async function start(options: Partial<Parameters<typeof rig>[0]> = {}): Promise<Rig> {
  running = await rig({ registries: [registryOf(registry.host)], ...options });
  await running.poller.start();
  return running;
}

it('a thousand subscribers of one repository cost exactly the requests of one', async () => {
  const slow = { ...quickPoll, intervalMs: 60_000, minIntervalMs: 60_000, maxIntervalMs: 60_000 };
  registry.push('team/app', '1.0', 'one');
  registry.push('team/app', '1.1', 'two');
  const { poller, until, observations } = await start({
    registries: [registryOf(registry.host, { poll: slow })],
  });
  const key = `${registry.host}/team/app`;
  const answers = await Promise.all(Array.from({ length: 1_000 }, () => poller.setDemand(key, ['*'])));
  expect(answers.every((polled) => polled)).toBe(true);
  await until(() => observations.some(({ kind }) => kind === 'baseline'));
  expect([registry.count('GET tags'), registry.count('HEAD manifests'), registry.log.length]).toEqual([
    1, 2, 3,
  ]);
});

it('HEADs exact tags and lists nothing', async () => {
  registry.push('team/app', '1.0', 'one');
  const { poller, until, observations } = await start();
  await poller.setDemand(`${registry.host}/team/app`, ['1.0', '9.9']);
  await until(() => observations.filter(({ kind }) => kind === 'baseline').length === 2);
  expect(registry.count('GET tags')).toBe(0);
  expect(registry.count('GET manifests')).toBe(0);
  const accept = registry.log[0]?.accept ?? '';
  for (const kind of ['image.index.v1', 'manifest.list.v2', 'image.manifest.v1', 'manifest.v2+json']) {
    expect(accept).toContain(kind);
  }
});

it('contacts no registry but the configured ones, and none on demand where that is not allowed', async () => {
  const other = await startFakeRegistry();
  try {
    const { poller } = await start({
      registries: [registryOf(registry.host, { poll: { ...quickPoll, onDemand: false } })],
    });
    expect(poller.upstreams()).toHaveLength(1);
    expect(poller.upstreams()).toMatchObject([{ registry: registry.host }]);
    expect(await poller.setDemand(`${other.host}/team/app`, ['*'])).toBe(false);
    expect(await poller.setDemand(`${registry.host}/team/app`, ['*'])).toBe(false);
    expect(await poller.head(other.host, 'team/app', '1.0')).toBe('unconfigured');
    await poller.confirm(other.host, 'team/app');
    expect(other.log).toEqual([]);
  } finally {
    await other.close();
  }
});

it('stops polling a repository a while after its last subscriber left', async () => {
  registry.push('team/app', '1.0', 'one');
  const { poller, until, observations } = await start({ lingerMs: 30 });
  const key = `${registry.host}/team/app`;
  await poller.setDemand(key, ['1.0']);
  await until(() => observations.length > 0);
  expect(poller.upstreams()[0]?.total).toBe(1);
  await poller.setDemand(key, null);
  await expect.poll(() => poller.upstreams()[0]?.total, { timeout: patienceMs }).toBe(0);
});

it('polls no more repositories on demand than the bound, and makes room by those nobody asks for', async () => {
  const { poller } = await start({ maxOnDemand: 2 });
  const key = (name: string) => `${registry.host}/team/${name}`;
  expect(await poller.setDemand(key('a'), ['*'])).toBe(true);
  expect(await poller.setDemand(key('b'), ['*'])).toBe(true);
  expect(await poller.setDemand(key('c'), ['*'])).toBe(false);
  expect(await poller.setDemand(key('a'), ['*', '1.0'])).toBe(true);
  await poller.setDemand(key('b'), null);
  expect(await poller.setDemand(key('c'), ['*'])).toBe(true);
  expect(poller.upstreams()[0]?.repositories.map(({ repository }) => repository)).toEqual([
    'team/a',
    'team/c',
  ]);
});

it('looks soon when a webhook spoke, once for many of them', async () => {
  const slow = { ...quickPoll, intervalMs: 600_000, minIntervalMs: 600_000, maxIntervalMs: 600_000 };
  registry.push('team/app', '1.0', 'one');
  const { poller, until, observations } = await start({
    registries: [registryOf(registry.host, { poll: slow })],
    watch: [{ repository: `${registry.host}/team/app`, tags: ['1.0'] }],
  });
  for (let n = 0; n < 100; n += 1) await poller.confirm(registry.host, 'team/app');
  await until(() => observations.length > 0);
  expect(registry.count('HEAD manifests')).toBe(1);
});

it('a change of scope is looked at soon and only its new part is silent', async () => {
  registry.push('team/app', '1.0', 'one');
  registry.push('team/app', 'nightly', 'n');
  const { poller, until, observations, changes } = await start();
  const key = `${registry.host}/team/app`;
  await poller.setDemand(key, ['1.*']);
  await until(() => observations.some(({ kind }) => kind === 'baseline'));
  registry.push('team/app', '1.1', 'two');
  await poller.setDemand(key, ['*']);
  await until(() => observations.some((one) => one.kind === 'baseline' && one.scope === '*'));
  await until(() => changes.length === 1);
  expect(changes.map(({ type, tag }) => `${type} ${tag}`)).toEqual(['tag.created 1.1']);
});

it('answers a webhook completion by one HEAD, and says gone, unreachable or unconfigured', async () => {
  const { digest, body } = registry.push('team/app', '1.0', 'one');
  const { poller } = await start();
  expect(await poller.head(registry.host, 'team/app', '1.0')).toMatchObject({ digest, size: body.length });
  expect(await poller.head(registry.host, 'team/app', '2.0')).toBe('gone');
  expect(await poller.head('elsewhere.example', 'team/app', '2.0')).toBe('unconfigured');
  registry.faults.push((_request, response) => {
    response.writeHead(500).end();
    return true;
  });
  expect(await poller.head(registry.host, 'team/app', '1.0')).toBe('unreachable');
});

it('hashes the manifest where the registry names no digest', async () => {
  const bare = await startFakeRegistry({ withoutDigest: true });
  try {
    const { digest } = bare.push('team/app', '1.0', 'one');
    const { poller } = await start({ registries: [registryOf(bare.host)] });
    expect(await poller.head(bare.host, 'team/app', '1.0')).toMatchObject({ digest });
    expect(bare.count('GET manifests')).toBe(1);
  } finally {
    await bare.close();
  }
});

it('repeats a look that the ledger could not store, and loses nothing', async () => {
  registry.push('team/app', '1.0', 'one');
  let refusals = 0;
  running = await rig({ registries: [registryOf(registry.host)] });
  const { ledger } = running;
  await running.close();
  running = await rig(
    {
      registries: [registryOf(registry.host)],
      watch: [{ repository: `${registry.host}/team/app`, tags: ['*'], announceExisting: true }],
      ledger: {
        ...viewOf(ledger),
        observe: async (observations) => {
          if (refusals < 3) {
            refusals += 1;
            throw new ManifeedError('UNAVAILABLE', 'store: disk full');
          }
          return (await ledger.record(observations)).changes.length;
        },
      },
    },
    { ledger },
  );
  const heard = new Promise<string>((resolve) =>
    ledger.tail((event) => resolve(event.kind === 'changes' ? (event.changes[0]?.type ?? '') : event.kind)),
  );
  await running.poller.start();
  expect(await heard).toBe('tag.created');
  expect(refusals).toBe(3);
});

it('reports each repository with its last and next look, interval and last error', async () => {
  registry.push('team/app', '1.0', 'one');
  const { poller, until, observations } = await start({
    watch: [
      { repository: `${registry.host}/team/app`, tags: ['1.0'] },
      { repository: `${registry.host}/team/broken`, tags: ['1.0'] },
    ],
  });
  registry.faults.push((request, response) => {
    if (request.url?.includes('broken') !== true) return false;
    response.writeHead(403).end();
    return true;
  });
  await until(() => observations.length > 1);
  const row = (name: string) =>
    poller.upstreams()[0]?.repositories.find(({ repository }) => repository === name);
  await expect.poll(() => row('team/broken')?.failures, { timeout: patienceMs }).toBeGreaterThan(0);
  expect(row('team/broken')?.lastError).toContain('status 403');
  expect(row('team/broken')?.lastSeen).toBeNull();
  expect(row('team/app')).toMatchObject({ watched: true, scopes: ['1.0'], failures: 0, lastError: null });
  expect(Date.parse(row('team/app')?.nextLook ?? '')).toBeGreaterThan(
    Date.parse(row('team/app')?.lastLook ?? ''),
  );
});

it('closes twice, in the middle of a look that never ends', async () => {
  registry.faults.push(() => true);
  const { poller } = await start({ watch: [{ repository: `${registry.host}/team/app`, tags: ['*'] }] });
  await registry.reached('GET tags', 1);
  await Promise.all([poller.close(), poller.close()]);
  expect(await poller.head(registry.host, 'team/app', '1.0')).toBe('unreachable');
});

it('counts a repository once, however many name it at the same moment', async () => {
  const { poller } = await start({ maxOnDemand: 2 });
  const key = (name: string) => `${registry.host}/team/${name}`;
  await Promise.all(Array.from({ length: 50 }, () => poller.setDemand(key('a'), ['*'])));
  expect(await poller.setDemand(key('b'), ['*'])).toBe(true);
  expect(await poller.setDemand(key('c'), ['*'])).toBe(false);
});
