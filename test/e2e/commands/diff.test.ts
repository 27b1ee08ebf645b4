/** `manifeed diff` and a gateway, as real processes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { repositoryPage } from '../../../src/cli/asking/answers.ts';
import { type FakeRegistry, startFakeRegistry } from '../../support/fake-registry.ts';
import { freePort } from '../../support/free-port.ts';
import { digest, type GatewayProcess, publish, spawnGateway } from '../../support/gateway.ts';
import { patienceMs } from '../../support/inbox.ts';
import { until } from '../../support/until.ts';
import { run, startShell } from './support/run.ts';

let gateway: GatewayProcess;
let registry: FakeRegistry;
let host: string;
beforeAll(async () => {
  registry = await startFakeRegistry();
  host = registry.host;
  for (const name of ['left/app', 'right/app', 'left/same', 'right/same']) registry.push(name, '1', 'a');
  registry.push('left/app', '2', 'a');
  registry.push('right/app', '2', 'b');
  registry.push('left/app', '3', 'c');
  const names = ['left/app', 'right/app', 'left/same', 'right/same'];
  const watch = names.map((name) => ({ repository: `${host}/${name}` }));
  const polled = { host, plainHttp: true, poll: { interval: '1s', minInterval: '1s' } };
  const registries = [polled, { host: 'reg.test' }];
  gateway = await spawnGateway({ settings: { registries, watch, defaultRegistry: 'reg.test' } });
  for (const name of names)
    await until(`the look at ${name}`, async () => (await listedAt(name)) !== null, patienceMs * 2);
});
afterAll(async () => {
  await gateway.stop('SIGTERM');
  await registry.close();
});

/** When the gateway read the list of a repository whole. */
async function listedAt(name: string): Promise<string | null> {
  const answer = await fetch(`${gateway.url}/v1/repositories?prefix=${host}/${name}`);
  return repositoryPage.parse(await answer.json()).repositories[0]?.listed?.readAt ?? null;
}

const diff = (...args: readonly string[]) => run(gateway.url, ['diff', ...args]);
const push = (reference: string, word: string) =>
  publish(gateway.port, [{ reference, digest: digest(word) }]);
const fields = (out: string) =>
  out
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));

describe('manifeed diff', () => {
  it('says nothing of two repositories that are the same, and ends with 0', async () => {
    expect(await diff(`${host}/left/same`, `${host}/right/same`)).toMatchObject({
      code: 0,
      out: '',
      err: '',
    });
  });

  it('prints what two repositories differ in, and ends with 1', async () => {
    const [left, right] = [`${host}/left/app`, `${host}/right/app`];
    const { code, out, err } = await diff(left, right);
    expect([code, err]).toEqual([1, '']);
    const at = (name: string, tag: string) => registry.digestOf(name, tag);
    expect(fields(out)).toEqual([
      ['different', `${left}:2`, `${right}:2`, at('left/app', '2'), at('right/app', '2')],
      ['only-left', `${left}:3`, '-', at('left/app', '3'), '-'],
    ]);
    expect((await diff(left, right, '--tag', '1')).code).toBe(0);
  });

  it('compares whole prefixes', async () => {
    const { code, out } = await diff(`${host}/left/`, `${host}/right/`, '--json');
    expect(code).toBe(1);
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ type, repository = '', tag = '' }) => [type, repository, tag])).toEqual([
      ['different', 'app', '2'],
      ['only-left', 'app', '3'],
      ['summary', '', ''],
    ]);
    expect(lines.at(-1)).toMatchObject({
      certain: true,
      equal: 2,
      differences: 2,
      left: { name: `${host}/left/` },
    });
  });

  it('says that it is not certain, and why, and ends with 2', async () => {
    await push('told/app:1', 'a');
    await push('mirror/app:1', 'a');
    const listed = await diff('told/app', 'mirror/app');
    expect([listed.code, listed.out]).toEqual([2, '']);
    expect(listed.err).toBe(
      'manifeed diff: compare reg.test/told/app with reg.test/mirror/app: in doubt: not-listed: ' +
        'the list of tags of a repository was never read whole, so tags may seem to be missing\n',
    );
    const unknown = await diff('told/app', 'none/such');
    expect([unknown.code, fields(unknown.out)[0]?.[0]]).toEqual([2, 'only-left']);
    expect(unknown.err).toContain('in doubt: unknown: the gateway knows no tag of reg.test/none/such\n');
  });

  it.each<[args: readonly string[], message: RegExp]>([
    [[], /must be two repositories, or two prefixes/],
    [['a'], /must be two repositories/],
    [['a', 'b', 'c'], /must be two repositories/],
    [['--since', '1h'], /--since: must be with one repository/],
    [['--since', '1h', 'a', 'b'], /--since: must be with one repository/],
    [['--since', 'noon', 'a'], /--since: "noon": must be a duration such as 2h, or an RFC 3339 time/],
    [['--since', '1h', 'a/**'], /with --since it must be one repository/],
    [['a', 'a'], /400 PARAMETER_INVALID: compare .*: with itself/],
    [['a', 'b/'], /400 PARAMETER_INVALID: .*must both end with "\/", or neither/],
    [['--since', '2999-01-01T00:00:00Z', 'a'], /./],
  ])('ends with 2 for %j', async (args, message) => {
    const refused = await diff(...args);
    expect([refused.code, refused.out]).toEqual([2, '']);
    expect(refused.err).toMatch(message);
  });

  it('ends with 2 without a gateway', async () => {
    const nobody = await run(`http://127.0.0.1:${await freePort()}`, ['diff', 'a', 'b']);
    expect([nobody.code, nobody.err]).toEqual([2, expect.stringContaining('): is the gateway up?')]);
  });

  it('has columns, colours and a summary on a terminal', async () => {
    const line = `script -qec "$MANIFEED diff ${host}/left/app ${host}/right/app" /dev/null`;
    const { out } = await startShell(gateway.url, line, { env: { TERM: 'xterm-256color' } }).ended;
    expect(out).toContain(`\u001b[33mdifferent \u001b[39m  ${host}/left/app:2  `);
    expect(out).toContain('1 equal, 2 different, as of ');
  });

  it('lets its reader leave, and ends with the code of its answer', async () => {
    const many = Array.from({ length: 1_000 }, (_, at) => ({
      reference: `big/app:${at}`,
      digest: digest(String(at)),
    }));
    await publish(gateway.port, many);
    const line = `{ $MANIFEED diff big/app mirror/app; echo "code $?" >&2; } | head -1`;
    const { out, err } = await startShell(gateway.url, line).ended;
    expect([out.split('\n').length, err]).toEqual([2, expect.stringMatching(/code 1\n$/)]);
  });
});

describe('manifeed diff --since', () => {
  it('prints what a repository was and is, for each tag once', async () => {
    const name = `${host}/left/same`;
    const start = new Date(Date.now()).toISOString();
    expect(await diff('--since', start, name)).toMatchObject({ code: 0, out: '', err: '' });
    const before = registry.digestOf('left/same', '1');
    await push(`${name}:1`, 'x');
    await push(`${name}:1`, 'y');
    registry.push('left/same', '1', 'z');
    const after = registry.digestOf('left/same', '1');
    await until('the poll', async () => (await diff('--since', start, name)).out.includes(String(after)));
    const { code, out, err } = await diff('--since', start, name);
    expect([code, err]).toEqual([1, '']);
    expect(fields(out).map((line) => line.slice(1))).toEqual([['moved', `${name}:1`, after, before]]);
  });

  it('says that the gateway does not know what was before its first look', async () => {
    const { code, err } = await diff('--since', '24h', `${host}/right/app`);
    expect(code).toBe(2);
    expect(err).toMatch(/with 20.*Z: in doubt: first-seen: . was there when the gateway first looked, at 20/);
  });

  it('says that changes of that time are no longer kept', async () => {
    const retention = { maxChanges: 1_000 };
    const small = await spawnGateway({ settings: { retention } });
    const many = Array.from({ length: 3_000 }, (_, at) => ({
      reference: `r.test/a:${at}`,
      digest: digest(String(at)),
    }));
    await publish(small.port, many);
    const trimmed = async () => {
      const answer = await fetch(`${small.url}/v1/changes?n=1`);
      return !z
        .looseObject({ floor: z.string() })
        .parse(await answer.json())
        .floor.endsWith('-0');
    };
    await until('the end of the oldest changes', trimmed, patienceMs * 2);
    const { err } = await run(small.url, ['diff', '--since', '1h', 'r.test/a', '--quiet']);
    await small.stop('SIGTERM');
    expect(err).toContain('in doubt: not-kept: not all changes since then are kept');
  });

  it('knows nothing of a repository that nobody told of', async () => {
    const { code, err } = await diff('--since', '1h', 'none/such');
    expect([code, err]).toEqual([
      2,
      expect.stringContaining(
        'in doubt: unknown: the gateway knows no tag of this repository: it must be watched',
      ),
    ]);
  });
});
