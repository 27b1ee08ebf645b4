/** `manifeed tags` and a gateway, as real processes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeRegistry, startFakeRegistry } from '../../support/fake-registry.ts';
import { freePort } from '../../support/free-port.ts';
import { digest, type GatewayProcess, publish, spawnGateway } from '../../support/gateway.ts';
import { until } from '../../support/until.ts';
import { run, startShell } from './support/run.ts';

let gateway: GatewayProcess;
let registry: FakeRegistry;
beforeAll(async () => {
  registry = await startFakeRegistry();
  registry.push('listed/app', '1.0.0', 'a');
  registry.push('listed/app', '1.1.0', 'b');
  const polled = { host: registry.host, plainHttp: true, poll: { interval: '1s', minInterval: '1s' } };
  const registries = [polled, { host: 'reg.test' }];
  const watch = [{ repository: `${registry.host}/listed/app` }];
  gateway = await spawnGateway({ settings: { registries, watch, defaultRegistry: 'reg.test' } });
  const published = [
    'team/app:1.27.3',
    'team/app:1.9.0',
    'team/app:latest',
    `team/app:sha256-${'a'.repeat(64)}.sig`,
  ];
  for (const reference of published) await publish(gateway.port, [{ reference, digest: digest(reference) }]);
});
afterAll(async () => {
  await gateway.stop('SIGTERM');
  await registry.close();
});

const tags = (...args: readonly string[]) => run(gateway.url, ['tags', ...args]);
const column = (out: string, at: number) =>
  out
    .trim()
    .split('\n')
    .map((line) => line.split('\t')[at]);
const note =
  'manifeed tags: list reg.test/team/app: there may be more tags: the gateway never read the whole list\n';

describe('manifeed tags', () => {
  it('prints time, reference and digest of each tag, and says that there may be more', async () => {
    const { code, out, err } = await tags('team/app');
    expect([code, err]).toEqual([0, note]);
    const names = ['1.27.3', '1.9.0', 'latest'].map((tag) => `reg.test/team/app:${tag}`);
    expect(column(out, 1)).toEqual(names);
    expect(column(out, 2)).toEqual(names.map((name) => digest(name.replace('reg.test/', ''))));
    expect(column(out, 0)[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect((await tags('team/app', '--quiet')).err).toBe('');
  });

  it('says nothing if the list was read whole', async () => {
    const name = `${registry.host}/listed/app`;
    await until('the first look', async () => (await tags(name)).out.split('\n').length === 3);
    expect(await tags(name)).toMatchObject({ code: 0, err: '' });
  });

  it('prints digest tags only if asked to', async () => {
    const { out } = await tags('team/app', '--digest-tags', '--quiet');
    expect(column(out, 1)).toContain(`reg.test/team/app:sha256-${'a'.repeat(64)}.sig`);
  });

  it('sorts, narrows and counts', async () => {
    const names = async (...args: readonly string[]) =>
      column((await tags(...args, '--quiet')).out, 1).map((name) => name?.replace('reg.test/team/app:', ''));
    expect(await names('team/app', '--sort', 'semver', '--order', 'desc', '--count', '2')).toEqual([
      '1.27.3',
      '1.9.0',
    ]);
    expect(await names('team/app', '--sort', 'updated')).toEqual(['1.27.3', '1.9.0', 'latest']);
    expect(await names('team/app:^1.10')).toEqual(['1.27.3']);
    expect(await names('team/app', '--tag', 'la*')).toEqual(['latest']);
    expect(await names('team/app', '--digest', digest('team/app:latest'))).toEqual(['latest']);
    expect(await names('team/app:latest', 'team/*:1.9.0')).toEqual(['latest', '1.9.0']);
  });

  it('prints rows as the gateway sent them with --json', async () => {
    const { out } = await tags('team/app:latest', '--json', '--quiet');
    const answer = await fetch(`${gateway.url}/v1/tags?repository=team/app&tag=latest`);
    expect({ tags: [JSON.parse(out)], next: null }).toEqual(await answer.json());
  });

  it('ends with 1 for a repository of which the gateway knows no tag, and prints the others', async () => {
    const { code, out, err } = await tags('none/such', 'team/app:latest', '--quiet');
    expect([code, column(out, 1)]).toEqual([1, ['reg.test/team/app:latest']]);
    expect(err).toBe(
      'manifeed tags: list none/such: the gateway knows no tag of it: it must be watched, or told of by a webhook\n',
    );
    await publish(gateway.port, [{ reference: 'reg.test/gone/app:1', digest: digest('a') }]);
    await publish(gateway.port, [{ reference: 'reg.test/gone/app:1', action: 'delete' }]);
    expect(await tags('gone/app', '--quiet')).toMatchObject({
      ...{ code: 1, out: '' },
      err: expect.stringMatching(
        /list gone\/app: the gateway knows no tag of it: the last one was deleted at \d{4}-\d\d-\d\dT[\d:.]+Z\n/,
      ),
    });
  });

  it('says that a tag is not known of a repository that is', async () => {
    const { code, out, err } = await tags('team/app:nope');
    expect([code, out]).toEqual([0, '']);
    expect(err).toContain('manifeed tags: list team/app:nope: no tag that you ask for is known\n');
    expect((await tags('team/app:nope', '--quiet')).err).toBe('');
  });

  it.each<[args: readonly string[], code: number, message: RegExp]>([
    [[], 2, /no repository: must name one, such as nginx\nusage: manifeed tags REPO/],
    [['NGINX'], 2, /lower-case path segments/],
    [['a', '--sort', 'size'], 2, /--sort: "size": must be name or updated or semver/],
    [['a', '--order', 'up'], 2, /--order: "up": must be asc or desc/],
    [['a', '--count', '0'], 2, /--count: "0": must be a whole number, at least 1/],
    [['a', '--digest', 'x'], 2, /--digest: "x": must be sha256:<64 hex digits>/],
    [['team/*', '--sort', 'semver'], 2, /--sort: semver: must be with repositories that are no globs/],
  ])('refuses %j with %i', async (args, code, message) => {
    const refused = await tags(...args);
    expect([refused.code, refused.out]).toEqual([code, '']);
    expect(refused.err).toMatch(message);
  });

  it('ends with 1 without a gateway', async () => {
    const nobody = await run(`http://127.0.0.1:${await freePort()}`, ['tags', 'a']);
    expect([nobody.code, nobody.err]).toEqual([1, expect.stringContaining('): is the gateway up?')]);
  });

  it('has columns on a terminal', async () => {
    const env = { TERM: 'xterm-256color', NO_COLOR: '1' };
    const { out } = await startShell(gateway.url, `script -qec "$MANIFEED tags team/app" /dev/null`, { env })
      .ended;
    expect(out).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}reg.test\/team\/app:1.9.0 {3}[0-9a-f]{12}\r$/m);
  });

  it('lets its reader leave, page by page: with 0 and no error', async () => {
    const many = Array.from({ length: 3_000 }, (_, at) => ({
      reference: `many/app:${at}`,
      digest: digest(String(at)),
    }));
    await publish(gateway.port, many);
    const { out } = await tags('many/app', '--quiet');
    expect(out.split('\n').length).toBe(many.length + 1);
    const line = `{ $MANIFEED tags many/app; echo "code $?" >&2; } | head -1`;
    const { out: first, err } = await startShell(gateway.url, line).ended;
    expect([first.split('\n').length, err]).toEqual([2, 'code 0\n']);
  });
});
