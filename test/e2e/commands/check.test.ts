/** `manifeed check` and a gateway, as real processes. */
import { execFileSync } from 'node:child_process';
import { constants, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { digest, type GatewayProcess, publish, spawnGateway } from '../../support/gateway.ts';
import { until } from '../../support/until.ts';
import { run, start, startShell } from './support/run.ts';

let gateway: GatewayProcess;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'manifeed-check-'));
  gateway = await spawnGateway({ settings: {} });
  const tags = ['nginx:1.27.3', 'nginx:1.28.0', 'nginx:latest', 'reg.test/app:2', 'reg.test/old:1'];
  await publish(
    gateway.port,
    tags.map((reference) => ({ reference, digest: digest(reference) })),
  );
  await publish(gateway.port, [{ reference: 'reg.test/old:1', action: 'delete' }]);
});
afterAll(async () => {
  await gateway.stop('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

const nginx = 'docker.io/library/nginx';
const file = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const check = (args: readonly string[], input = '') => run(gateway.url, ['check', ...args], { input });
const fields = (out: string) =>
  out
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));

describe('manifeed check', () => {
  it('says that nothing is new, and ends with 0', async () => {
    const { code, out, err } = await check([`nginx:1.28.0@${digest('nginx:1.28.0')}`]);
    expect([code, err]).toEqual([0, '']);
    expect(fields(out)).toEqual([
      ['current', 'nginx:1.28.0', digest('nginx:1.28.0'), digest('nginx:1.28.0'), '-', '-', 'not-listed'],
    ]);
  });

  it('says what has moved, what is newer and what is gone, and ends with 1', async () => {
    const { code, out, err } = await check([
      'nginx:1.27.3',
      `reg.test/app:2@${digest('x')}`,
      'reg.test/old:1',
    ]);
    expect([code, err]).toEqual([1, '']);
    expect(fields(out)).toEqual([
      ['newer', 'nginx:1.27.3', '-', digest('nginx:1.27.3'), '1.28.0', digest('nginx:1.28.0'), 'not-listed'],
      ['moved', 'reg.test/app:2', digest('x'), digest('reg.test/app:2'), '-', '-', '-'],
      ['deleted', 'reg.test/old:1', '-', '-', '-', '-', 'deleted'],
    ]);
  });

  it('counts newer versions as it is told', async () => {
    expect((await check(['nginx:1.27.3', '--newer', 'patch'])).code).toBe(0);
    expect((await check(['nginx:1.27.3', '--newer', 'no'])).out).toMatch(/\t-\t-\t-\n$/);
    const given = await check(['nginx:1.27.3', '--range', '~1.27', '--newer', 'major']);
    // Who asks for a range wants to know whether there may be more.
    expect([given.code, given.err]).toEqual([
      2,
      'manifeed check: not known: nginx:1.27.3 (not-listed)\n' +
        'manifeed check: not-listed: all tags of the repository must be polled: watch it, and name no tags there\n',
    ]);
  });

  it('says what it does not know, and ends with 2', async () => {
    const { code, out, err } = await check(['nginx:1.27.3', 'none/such:1']);
    expect([code, err]).toEqual([
      2,
      'manifeed check: not known: none/such:1 (unknown)\nmanifeed check: unknown: the tag must be watched, or told of by a webhook\n',
    ]);
    expect(fields(out).map(([word]) => word)).toEqual(['newer', 'unknown']);
  });

  it('says each trouble in one line, whatever the names of a file have', async () => {
    const text = 'services:\n  "a\\n::warning::b\\e[2J": { image: ["c\\n::error::d"] }\n';
    const { code, out, err } = await check(['--file', '-'], text);
    expect([code, out]).toEqual([2, '']);
    const name = 'services.a\\n::warning::b\\u001b[2J';
    expect(err).toBe(
      `manifeed check: read standard input: ${name}: image: c\\n::error::d: must be a string, in quotes\n`,
    );
  });

  it('reads a compose file with variables that has no .env beside it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'manifeed-check-'));
    const path = join(folder, 'compose.yaml');
    writeFileSync(path, `services: { web: { image: "nginx:\${V:-latest}" } }`);
    const { code, out, err } = await check(['--file', path]);
    rmSync(folder, { recursive: true });
    expect([code, err, out.split('\t')[0]]).toEqual([0, '', 'current']);
  });

  it('reads compose files, Kubernetes objects and Dockerfiles, several at once', async () => {
    const compose = file('compose.yaml', `services: { web: { image: "nginx:\${V}" }, me: { build: . } }`);
    file('.env', 'V=1.27.3\n');
    const pod = 'apiVersion: v1\nkind: Pod\nspec: { containers: [{ image: "reg.test/app:2" }] }\n';
    const docker = file('Dockerfile', 'ARG V\nFROM nginx:$V AS a\nFROM a\n');
    const args = ['--file', compose, '--file', docker, '--file', '-', '--build-arg', 'V=latest', '--json'];
    const { code, out, err } = await check(args, pod);
    expect([code, err]).toEqual([1, '']);
    const answers = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(answers.map(({ verdict, image, places }) => [verdict, image, places])).toEqual([
      ['newer', `${nginx}:1.27.3`, [`${compose}: services.web`]],
      ['current', `${nginx}:latest`, [`${docker}: line 2`]],
      ['current', 'reg.test/app:2', ['standard input: Pod']],
    ]);
  });

  it('takes a bare name of a file for one of Docker Hub, whatever the default registry is', async () => {
    const other = await spawnGateway({ settings: { defaultRegistry: 'reg.test' } });
    await publish(other.port, [{ reference: 'docker.io/library/nginx:1', digest: digest('a') }]);
    const input = `FROM nginx:1@${digest('a')}`;
    const inFile = await run(other.url, ['check', '--file', '-'], { input });
    const named = await run(other.url, ['check', `nginx:1@${digest('a')}`]);
    await other.stop('SIGTERM');
    expect([inFile.code, named.code]).toEqual([0, 2]);
  });

  it('takes what runs from standard input', async () => {
    const ps = { Image: 'nginx:latest', Names: 'web' };
    const image = { Id: digest('i'), RepoTags: ['nginx:latest'], RepoDigests: [`nginx@${digest('old')}`] };
    const running = await check(['--running'], `${JSON.stringify(ps)}\n${JSON.stringify([image])}`);
    expect([running.code, running.err, fields(running.out)[0]?.slice(0, 3)]).toEqual([
      ...[1, '', ['moved', `${nginx}:latest`, digest('old')]],
    ]);
    const blind = await check(['--running'], JSON.stringify(ps));
    expect([blind.code, blind.err]).toEqual([
      0,
      expect.stringContaining('no digests of web: what has moved'),
    ]);
    expect((await check(['--running', '--quiet'], JSON.stringify(ps))).err).toBe('');
  });

  it('checks what it can of a file, says what it cannot, and ends with 2', async () => {
    const path = file(
      'broken.yaml',
      `services: { a: { image: "nginx:\${NONE}" }, b: { image: "nginx:1.27.3" } }`,
    );
    const { code, out, err } = await check(['--file', path]);
    expect([code, fields(out)[0]?.[0]]).toEqual([2, 'newer']);
    expect(err).toContain(
      `${path}: services.a: "nginx:\${NONE}": the variable NONE has no value: must be set\n`,
    );
  });

  it.each<[what: string, args: readonly string[], input: string, message: RegExp]>([
    [
      'no file',
      ['--file', '/none/such.yaml'],
      '',
      /^manifeed check: read \/none\/such.yaml: cannot be read: no such file\n$/,
    ],
    ['a folder', ['--file', '/'], '', /^manifeed check: read \/: cannot be read: it is a directory\n$/],
    ['no YAML', ['--file', '-'], 'a: [', /standard input:\d+:\d+: .*must be YAML/],
    ['another file', ['--file', '-'], 'a: 1', /must be a compose file, Kubernetes objects, or a Dockerfile/],
    [
      'a file without an end',
      ['--file', '/dev/zero'],
      '',
      /\/dev\/zero: more than 33554432 bytes: must be smaller/,
    ],
    ['nothing that runs', ['--running'], '', /standard input: empty/],
    ['no image', [], '', /no image: must name one, or --file or --running\nusage: manifeed check IMAGE/],
    ['a wrong image', ['NGINX'], '', /usage:/],
    ['a wrong range', ['a', '--range', 'x y'], '', /--range: "x y": must be a node-semver range/],
    ['a wrong platform', ['a', '--platform', 'x'], '', /--platform/],
    ['a wrong word', ['a', '--newer', 'all'], '', /--newer: "all": must be minor or patch or major or no/],
    ['a wrong argument', ['--file', 'x', '--build-arg', 'V'], '', /--build-arg: "V": must be NAME=VALUE/],
    [
      'a file without --file',
      ['--file', 'a.yaml', 'b.yaml'],
      '',
      /"b.yaml": looks like a file: must have --file/,
    ],
    ['standard input twice', ['--file', '-', '--running'], '', /standard input: must be read once/],
  ])('ends with 2 for %s', async (_, args, input, message) => {
    const { code, out, err } = await check(args, input);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(message);
  });

  it('checks what its token covers, and names what it does not', async () => {
    const access = [{ name: 'team', sha256: digest('team').slice(7), repositories: ['reg.test/team/**'] }];
    const closed = await spawnGateway({ settings: { access } });
    const images = ['reg.test/team/app:1', 'reg.test/secret/app:1'];
    await publish(
      closed.port,
      images.map((reference) => ({ reference, digest: digest('a') })),
    );
    const { code, out, err } = await run(
      closed.url,
      ['check', ...images.map((image) => `${image}@${digest('a')}`)],
      { env: { MANIFEED_TOKEN: 'team' } },
    );
    await closed.stop('SIGTERM');
    expect(fields(out).map(([word, image, , now, , , reason]) => [word, image, now, reason])).toEqual([
      ['current', images[0], digest('a'), expect.any(String)],
      ['unknown', images[1], '-', 'not-granted'],
    ]);
    expect(code).toBe(2);
    expect(err).toContain(images[1]);
    expect(err).not.toContain(images[0]);
  });

  it('ends with 2 without a gateway, and if the token is refused', async () => {
    const nobody = await run(`http://127.0.0.1:${await freePort()}`, ['check', 'nginx']);
    expect([nobody.code, nobody.out]).toEqual([2, '']);
    expect(nobody.err).toMatch(
      /^manifeed check: http:\/\/127.0.0.1:\d+ does not answer \(connect ECONNREFUSED [^)]*\): is the gateway up\?\n$/,
    );
    const closed = await spawnGateway({
      settings: { access: [{ name: 'ci', sha256: digest('ci').slice(7) }] },
    });
    const refused = await run(closed.url, ['check', 'nginx'], { env: { MANIFEED_TOKEN: 'wrong' } });
    await closed.stop('SIGTERM');
    expect([refused.code, refused.err]).toEqual([
      2,
      expect.stringContaining('does not know this token (401): give another one with --token-file'),
    ]);
  });

  it('checks more than a thousand images', async () => {
    const text = Array.from({ length: 1_100 }, (_, at) => `FROM reg.test/many:${at}`).join('\n');
    const { code, out, err } = await check(['--file', '-', '--newer', 'no'], text);
    expect([code, fields(out).length]).toEqual([2, 1_100]);
    expect(err).toMatch(
      /reg.test\/many:9 \(unknown\) and 1090 more\nmanifeed check: unknown: the tag must be/,
    );
  });

  it('lets its reader leave, and ends with the code of its answer', async () => {
    const text = Array.from({ length: 1_100 }, (_, at) => `FROM reg.test/many:${at}`).join('\n');
    const path = file('many.dockerfile', text);
    const line = `{ $MANIFEED check --file ${path}; echo "code $?" >&2; } | head -1`;
    const { out, err } = await startShell(gateway.url, line).ended;
    expect([fields(out).length, err]).toEqual([
      1,
      expect.stringMatching(/ and 1090 more\n(?:.*\n)*code 2\n$/),
    ]);
  });

  it('ends with 2 if its output cannot be written', async () => {
    const line = '$MANIFEED check nginx:1.27.3 > /dev/full; echo "code $?" >&2';
    expect((await startShell(gateway.url, line).ended).err).toMatch(/write standard output: .*\ncode 2\n$/);
  });

  it('has columns and colours on a terminal, and none with NO_COLOR', async () => {
    const line = `script -qec "$MANIFEED check nginx:1.27.3 reg.test/app:2" /dev/null`;
    const coloured = await startShell(gateway.url, line, { env: { TERM: 'xterm-256color' } }).ended;
    expect(coloured.out).toContain('\u001b[32mnewer  \u001b[39m  nginx:1.27.3  ');
    expect(coloured.out).not.toContain(digest('nginx:1.28.0'));
    const plain = await startShell(gateway.url, line, { env: { TERM: 'xterm-256color', NO_COLOR: '1' } })
      .ended;
    expect(plain.out).toContain('newer    nginx:1.27.3    newest 1.28.0 ');
  });

  it('ends at once at a signal, while it waits for a named pipe', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const checking = start(gateway.url, ['check', '--file', pipe]);
    const isRead = () => {
      try {
        return openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK) > 0;
      } catch {
        // Nobody reads it yet.
        return false;
      }
    };
    await until('a reader of the pipe', isRead);
    checking.child.kill('SIGTERM');
    expect(await checking.ended).toMatchObject({ signal: 'SIGTERM', out: '', err: '' });
  });
});
