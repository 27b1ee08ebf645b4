// @needs docker-registry go
/** What the libraries of crane, oras and containerd make of the read API. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf, type PushedManifest } from '../../support/docker-registry.ts';
import { digest as hash } from '../../support/gateway.ts';
import { buildGoClients } from './go-clients.ts';
import { type Ran, runProgram } from './run-program.ts';
import { fill, repositories, World } from './world.ts';

const token = 'token-of-the-clients';
const tokenOfAll = 'token-of-the-test-itself';
const folder = mkdtempSync(join(tmpdir(), 'manifeed-clients-'));
let open: World;
let closed: World;
let latest: PushedManifest;
let referrer: PushedManifest;

beforeAll(async () => {
  await buildGoClients(folder);
  open = await World.start('webhook', 'memory');
  await fill(open);
  latest = tagged(open, 'latest');
  referrer = await open.sign('team/app', latest.digest, '.sbom');
  await open.pushIndex('team/app', latest.digest.replace(':', '-'), [referrer]);
  const access = [
    { name: 'clients', sha256: hash(token).slice(7), repositories: ['**/team/app'] },
    { name: 'everything', sha256: hash(tokenOfAll).slice(7) },
  ];
  closed = await World.start('poll', 'memory', { access }, tokenOfAll);
}, 600_000);
afterAll(async () => {
  await open?.close();
  await closed?.close();
  rmSync(folder, { recursive: true, force: true });
});

function tagged(world: World, tag: string): PushedManifest {
  const found = world.tags('team/app').find((one) => one.tag === tag);
  if (found === undefined) throw new Error(`find ${tag}: must have been pushed`);
  return found;
}

const tagsOf = (world: World, repository: string) => world.tags(repository).map(({ tag }) => tag);
const lines = ({ output }: Ran) => output.split('\n').filter(Boolean);

const ask =
  (program: string) =>
  (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> =>
    runProgram(join(folder, program), args, env);

const at = (world: World, rest = '') => `${new URL(world.url).host}${rest}`;

describe('go-containerregistry', () => {
  const crane = ask('crane');

  it('gets the digest by one HEAD, and the manifest', async () => {
    expect(await crane(['digest', at(open, '/team/app:latest')])).toMatchObject({ output: latest.digest });
    const byName = await crane(['manifest', at(open, `/${open.written}/team/app:latest`)]);
    expect(digestOf(byName.output)).toBe(latest.digest);
    const byDigest = await crane(['manifest', at(open, `/team/app@${latest.digest}`)]);
    expect(byDigest.output).toBe(byName.output);
  });
  it('lists tags and repositories page by page', async () => {
    expect(lines(await crane(['list', at(open, '/team/app')]))).toEqual(tagsOf(open, 'team/app'));
    const names = repositories.map((name) => `${open.written}/${name}`);
    expect(lines(await crane(['catalog', at(open)]))).toEqual(names);
  });
  it('learns that a tag or a repository is not there', async () => {
    expect((await crane(['digest', at(open, '/team/app:never')])).errors).toContain('MANIFEST_UNKNOWN');
    expect((await crane(['list', at(open, '/team/never')])).errors).toContain('NAME_UNKNOWN');
  });
  it('learns from the challenge to send its token as a password, and sees what the token covers', async () => {
    const one = await closed.push('team/app', '1.0.0', 'one');
    await closed.push('team/mirror', '1.0.0', 'one');
    const reference = at(closed, '/team/app:1.0.0');
    expect((await crane(['digest', reference])).errors).toContain('UNAUTHORIZED');
    expect(await crane(['digest', reference], { TOKEN: token })).toMatchObject({ output: one.digest });
    expect(lines(await crane(['catalog', at(closed)], { TOKEN: token }))).toEqual([
      `${closed.written}/team/app`,
    ]);
    const hidden = await crane(['digest', at(closed, '/team/mirror:1.0.0')], { TOKEN: token });
    const unknown = await crane(['digest', at(closed, '/team/nobody:1.0.0')], { TOKEN: token });
    expect([hidden.code, hidden.errors.replaceAll('mirror', 'nobody')]).toEqual([1, unknown.errors]);
  });
});

describe('oras-go', () => {
  const oras = ask('oras');

  it('resolves a tag by HEAD alone, and fetches it', async () => {
    const { digest, size, mediaType } = latest;
    const reference = at(open, '/team/app:latest');
    expect(await oras(['resolve', reference])).toMatchObject({ output: `${digest} ${size} ${mediaType}` });
    expect(digestOf((await oras(['fetch', reference])).output)).toBe(digest);
  });
  it('lists tags and repositories page by page', async () => {
    expect(lines(await oras(['tags', at(open, '/team/app')]))).toEqual(tagsOf(open, 'team/app'));
    const names = repositories.map((name) => `${open.written}/${name}`);
    expect(lines(await oras(['repositories', at(open)]))).toEqual(names);
  });
  it('finds referrers by the tag that takes the place of the API', async () => {
    expect(lines(await oras(['referrers', at(open, '/team/app:latest')]))).toEqual([referrer.digest]);
  });
});

describe("containerd's resolver", () => {
  const containerd = ask('containerd');
  const output = () => `${latest.digest} ${latest.size} ${latest.mediaType}`;

  it('resolves and fetches at the mirror, which it tells of the registry by ns', async () => {
    const reference = `${open.host}/team/app:latest`;
    expect(await containerd(['resolve', at(open), '-', reference])).toMatchObject({ output: output() });
    const fetched = await containerd(['fetch', at(open), '-', reference]);
    expect(digestOf(fetched.output)).toBe(latest.digest);
  });
  it('goes on to the registry if the mirror does not know the tag', async () => {
    // Pushed where no webhook tells of it, and never asked for: unknown here.
    const { digest } = await open.registry.push('elsewhere/app', '1.0.0', 'elsewhere');
    const reference = `${open.host}/elsewhere/app:1.0.0`;
    expect((await containerd(['resolve', at(open), open.host, reference])).output).toContain(digest);
  });
});
