/** `manifeed watch` and a gateway, as real processes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { isAlive } from '../../support/child.ts';
import { freePort } from '../../support/free-port.ts';
import { digest, type GatewayProcess, publish, spawnGateway } from '../../support/gateway.ts';
import { until } from '../../support/until.ts';
import { run, start, startShell } from './support/run.ts';

let gateway: GatewayProcess;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'manifeed-watch-'));
  gateway = await spawnGateway({ settings: { defaultRegistry: 'reg.test' } });
});
afterAll(async () => {
  await gateway.stop('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

const past = ['--since', '1h'];
/** Publishes a tag once for each word. */
async function push(reference: string, ...words: readonly string[]): Promise<void> {
  for (const word of words) await publish(gateway.port, [{ reference, digest: digest(word) }]);
}
async function changesOf(repository: string) {
  const answer = await fetch(`${gateway.url}/v2/updates?repository=${repository}`);
  return z.array(z.looseObject({ position: z.string() })).parse(await answer.json());
}
const file = (name: string) => join(folder, name);

describe('manifeed watch prints', () => {
  it('what happens live, with tabs and whole digests in a pipe', async () => {
    const watch = start(gateway.url, ['watch', 'live/app', '--count', '2', '--snapshot']);
    await push('live/app:1', 'a');
    await watch.sees((out) => out.includes('live/app:1'));
    await push('live/app:1', 'b');
    const { code, out, err } = await watch.ended;
    expect([code, err]).toEqual([0, '']);
    const [first, second] = out
      .trim()
      .split('\n')
      .map((line) => line.split('\t'));
    expect(first?.slice(2, 4)).toEqual(['reg.test/live/app:1', digest('a')]);
    expect(second?.slice(1)).toEqual(['tag.updated', 'reg.test/live/app:1', digest('b'), digest('a')]);
    expect(second?.[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('changes as the gateway sent them with --json, and everything with --json-events', async () => {
    await push('json/app:1', 'a', 'b');
    const sent = await changesOf('json/app');
    const plain = await run(gateway.url, ['watch', 'json/app', ...past, '--count', '2', '--json']);
    const strip = ({ timestamp: _, ...change }: Record<string, unknown>) => change;
    expect(
      plain.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(sent.map(strip));
    const watch = start(gateway.url, ['watch', 'json/app', ...past, '--json-events']);
    await watch.sees((out) => out.includes('"ready"'));
    watch.child.kill('SIGTERM');
    const { code, out } = await watch.ended;
    const types = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).type);
    expect([code, types]).toEqual([0, ['change', 'change', 'ready']]);
  });

  it('of several images only what each of them asks for', async () => {
    await push('mix/a:1', 'a');
    await push('mix/a:2', 'a');
    await push('mix/b:2', 'a');
    await push('mix/b:1', 'a');
    const { out } = await run(gateway.url, ['watch', 'mix/a:1', 'reg.test/mix/b:2', ...past, '--count', '2']);
    expect(out.match(/mix\/\w:\d/g)).toEqual(['mix/a:1', 'mix/b:2']);
  });

  it('on a terminal columns, colours and a status, and no colours with NO_COLOR', async () => {
    await push('tty/app:1', 'a', 'b');
    const line = `script -qec "$MANIFEED watch tty/app --since 1h --count 2" /dev/null`;
    const coloured = await startShell(gateway.url, line, { env: { TERM: 'xterm-256color' } }).ended;
    expect(coloured.out).toContain('connecting over websocket');
    expect(coloured.out).toContain('\u001b[33mmoved  ');
    expect(coloured.out).toContain('reg.test/tty/app:1');
    const plain = await startShell(gateway.url, line, { env: { TERM: 'xterm-256color', NO_COLOR: '1' } })
      .ended;
    expect(plain.out).toContain('moved    reg.test/tty/app:1');
    expect(plain.out).not.toContain('\u001b[33m');
    expect(plain.out).not.toContain(digest('b'));
  });

  it('until its reader leaves: then it ends at once, with exit code 0 and no error', async () => {
    await push('head/app:1', 'a', 'b', 'c');
    const line = `{ $MANIFEED watch head/app --since 1h; echo "code $?" >&2; } | head -1`;
    const busy = await startShell(gateway.url, line).ended;
    expect(busy.out.trim().split('\n').length).toBe(1);
    expect(busy.err).toBe('code 0\n');
    // Nothing more happens after the first line.
    await push('quiet/app:1', 'a');
    const quiet = await startShell(gateway.url, line.replace('head/app', 'quiet/app')).ended;
    expect(quiet.err).toBe('code 0\n');
  });

  it('into a file, and through awk', async () => {
    await push('file/app:1', 'a');
    await startShell(gateway.url, `$MANIFEED watch file/app --since 1h --count 1 > ${file('out')}`).ended;
    expect(readFileSync(file('out'), 'utf8')).toContain('\treg.test/file/app:1\t');
    const line = `$MANIFEED watch file/app --since 1h --count 1 | awk '{print $3, $5}'`;
    expect((await startShell(gateway.url, line).ended).out).toBe('reg.test/file/app:1 -\n');
  });
});

describe('manifeed watch runs a command for each change', () => {
  it('with its data in the environment and on standard input, never in the text', async () => {
    await push('exec/app:1', 'a', 'b');
    const exec = 'env | grep ^MANIFEED_CHANGE_ | sort; cat';
    const { code, out } = await run(gateway.url, [
      'watch',
      'exec/app',
      ...past,
      '--count',
      '2',
      '--exec',
      exec,
    ]);
    expect(code).toBe(0);
    const second = out.slice(out.lastIndexOf('MANIFEED_CHANGE_DIGEST'));
    expect(second).toContain(`MANIFEED_CHANGE_PINNED=reg.test/exec/app@${digest('b')}\n`);
    expect(second).toContain(`MANIFEED_CHANGE_PREVIOUS_DIGEST=${digest('a')}\n`);
    expect(second).toContain('MANIFEED_CHANGE_REFERENCE=reg.test/exec/app:1\n');
    expect(second).toContain('MANIFEED_CHANGE_TYPE=tag.updated\n');
    expect(JSON.parse(second.trim().split('\n').at(-1) ?? '')).toMatchObject({ digest: digest('b') });
  });

  it('without a shell behind --', async () => {
    await push('direct/app:1', 'a');
    const args = [
      'watch',
      'direct/app',
      ...past,
      '--count',
      '1',
      '--',
      'printf',
      '%s|',
      '$HOME; *',
      '--help',
    ];
    expect(await run(gateway.url, args)).toMatchObject({ code: 0, out: '$HOME; *|--help|' });
  });

  it('and says in words of a program that there is none', async () => {
    await push('none/app:1', 'a');
    const { code, err } = await run(gateway.url, ['watch', 'none/app', ...past, '--', '/no/such/program']);
    expect(code).toBe(3);
    expect(err).toContain('run /no/such/program: reg.test/none/app:1: there is no such program: must');
  });

  it('and ends with 3 at a failure; with --state the next start goes on there', async () => {
    await push('fail/app:1', 'a', 'b', 'c');
    const state = ['--state', file('fail-state')];
    const good = file('good');
    const exec = `[ -e ${good} ] || [ "$MANIFEED_CHANGE_DIGEST" != ${digest('b')} ] && echo $MANIFEED_CHANGE_DIGEST`;
    const args = ['watch', 'fail/app', ...past, ...state, '--exec', exec];
    const first = await run(gateway.url, args);
    expect([first.code, first.out]).toEqual([3, `${digest('a')}\n`]);
    expect(first.err).toContain('reg.test/fail/app:1: exit code 1: must end with exit code 0');
    writeFileSync(good, '');
    const second = await run(gateway.url, [...args, '--count', '2']);
    expect([second.code, second.out]).toEqual([0, `${digest('b')}\n${digest('c')}\n`]);
  });

  it('goes on with --on-error continue, and ends with 1', async () => {
    await push('continue/app:1', 'a', 'b');
    const exec = `echo $MANIFEED_CHANGE_DIGEST; [ "$MANIFEED_CHANGE_DIGEST" = ${digest('b')} ]`;
    const state = file('continue-state');
    const args = ['watch', 'continue/app', ...past, '--count', '2', '--on-error', 'continue', '--exec', exec];
    const { code, out } = await run(gateway.url, [...args, '--state', state]);
    expect([code, out]).toEqual([1, `${digest('a')}\n${digest('b')}\n`]);
    const changes = await changesOf('continue/app');
    expect(readFileSync(state, 'utf8').trim()).toBe(changes[1]?.position);
  });

  it('again with --retry', async () => {
    await push('retry/app:1', 'a');
    const exec = `echo try; [ -e ${file('tried')} ] || { touch ${file('tried')}; exit 1; }`;
    const args = ['watch', 'retry/app', ...past, '--count', '1', '--retry', '2', '--exec', exec];
    expect(await run(gateway.url, args)).toMatchObject({
      ...{ code: 0, out: 'try\ntry\n' },
      err: expect.stringMatching(
        /^\S+Z tag.created reg.test\/retry\/app:1: exit code 1\n\S+Z tag.created reg.test\/retry\/app:1: exit code 0\n$/,
      ),
    });
    const quiet = await run(gateway.url, [...args, '--quiet']);
    expect(quiet).toMatchObject({ code: 0, out: 'try\n', err: '' });
  });

  it('several at once with --parallel, of different tags', async () => {
    await push('parallel/a:1', 'a');
    await push('parallel/b:1', 'a');
    // Each waits for the other one.
    const mine = `${folder}/p-\${MANIFEED_CHANGE_REPOSITORY##*/}`;
    const exec = `touch ${mine}; while [ ! -e ${folder}/p-a ] || [ ! -e ${folder}/p-b ]; do sleep 0.05; done`;
    const args = ['watch', 'parallel/*', ...past, '--count', '2', '--parallel', '2', '--exec', exec];
    expect((await run(gateway.url, args)).code).toBe(0);
  });

  it('only the newest of a tag with --on-busy latest', async () => {
    await push('latest/app:1', 'a', 'b', 'c', 'd');
    await push('latest/end:1', 'e');
    // The other tag comes last: when its command runs, everything before is taken.
    const exec = [
      'echo $MANIFEED_CHANGE_DIGEST',
      '[ $MANIFEED_CHANGE_REPOSITORY = latest/end ] && exit 0',
      `while [ ! -e ${file('go')} ]; do sleep 0.05; done`,
    ].join('; ');
    const args = ['watch', 'latest/*', ...past, '--on-busy', 'latest', '--parallel', '2', '--exec', exec];
    const watch = start(gateway.url, args);
    await watch.sees((out) => out.includes(digest('e')));
    writeFileSync(file('go'), '');
    await watch.sees((out) => out.includes(digest('d')));
    watch.child.kill('SIGTERM');
    const { code, out } = await watch.ended;
    const [one, other, ...rest] = out.trim().split('\n');
    // The first two run at the same time.
    expect([code, [one, other].sort(), rest]).toEqual([
      ...[0, [digest('a'), digest('e')].sort(), [digest('d')]],
    ]);
  });

  it('and ends it and its children after --exec-timeout', async () => {
    await push('late/app:1', 'a');
    const exec = `sleep 600 & echo $! > ${file('pid')}; wait`;
    // Long enough for a shell to start on a busy machine.
    const args = ['watch', 'late/app', ...past, '--exec-timeout', '3s', '--exec', exec];
    const { code, err } = await run(gateway.url, args);
    expect([code, err.includes('no end within 3000 ms')]).toEqual([3, true]);
    const pid = Number(readFileSync(file('pid'), 'utf8'));
    await until('the end of the child', () => !isAlive(pid));
  });
});

describe('manifeed watch ends', () => {
  const waiting = (name: string) =>
    `echo begun; while [ ! -e ${file(name)} ]; do sleep 0.05; done; echo ended`;

  it.each([
    ['SIGTERM', 0],
    ['SIGINT', 130],
  ] as const)('at %s with %i, after the command that runs', async (signal, code) => {
    await push(`signal/${signal.toLowerCase()}:1`, 'a', 'b');
    const args = ['watch', `signal/${signal.toLowerCase()}`, ...past, '--exec', waiting(signal)];
    const watch = start(gateway.url, args);
    await watch.sees((out) => out.includes('begun'));
    watch.child.kill(signal);
    expect(watch.child.exitCode).toBe(null);
    writeFileSync(file(signal), '');
    const ended = await watch.ended;
    expect([ended.code, ended.out.startsWith('begun\nended\n')]).toEqual([code, true]);
  });

  it('at once at the second signal, and kills the command', async () => {
    await push('twice/app:1', 'a');
    const watch = start(gateway.url, ['watch', 'twice/app', ...past, '--exec', waiting('never')]);
    await watch.sees((out) => out.includes('begun'));
    watch.child.kill('SIGINT');
    watch.child.kill('SIGINT');
    const again = setInterval(() => watch.child.kill('SIGINT'), 100);
    const { code, out } = await watch.ended;
    clearInterval(again);
    expect([code, out]).toEqual([130, 'begun\n']);
  });

  it('with 124 after --timeout', async () => {
    const { code, out, err } = await run(gateway.url, ['watch', 'none/app', '--timeout', '300ms']);
    expect([code, out, err]).toEqual([124, '', '']);
  });

  it('with 1 after a reset that it told of', async () => {
    const args = ['watch', 'reset/app', '--after', 'zzzzzzzz-5'];
    const watch = start(gateway.url, args);
    await watch.sees((_, err) => err.includes('reset (epoch): changes before'));
    watch.child.kill('SIGTERM');
    expect((await watch.ended).code).toBe(1);
  });

  it('with 2 for a wrong image, 1 for a refused token and for a state that is none, and says why', async () => {
    const wrong = await run(gateway.url, ['watch', 'Not An Image']);
    expect([wrong.code, wrong.out]).toEqual([2, '']);
    expect(wrong.err).toContain('usage: manifeed watch IMAGE');
    writeFileSync(file('bad-state'), 'hello\n');
    const state = await run(gateway.url, ['watch', 'a/b', '--state', file('bad-state')]);
    expect([state.code, state.err]).toEqual([1, expect.stringContaining('"hello": must be a position')]);
    // With open access any token will do.
    const closed = await spawnGateway({
      settings: { access: [{ name: 'ci', sha256: digest('ci').slice(7) }] },
    });
    const refused = await run(closed.url, ['watch', 'a/b'], { env: { MANIFEED_TOKEN: 'wrong' } });
    await closed.stop('SIGTERM');
    expect([refused.code, refused.err]).toEqual([
      1,
      expect.stringContaining('does not know this token (401)'),
    ]);
  });
});

describe('manifeed watch goes on', () => {
  it('when its gateway is killed and comes back', async () => {
    const port = await freePort();
    const settings = { ledger: `sqlite:${file('ledger.db')}` };
    const first = await spawnGateway({ settings, port });
    const watch = start(first.url, ['watch', 'back/app', '--json-events']);
    await watch.sees((out) => out.includes('"ready"'));
    await publish(port, [{ reference: 'back/app:1', digest: digest('a') }]);
    await watch.sees((out) => out.includes(digest('a')));
    await first.stop('SIGKILL');
    await watch.sees((_, err) => err.includes('again in'));
    const second = await spawnGateway({ settings, port });
    await publish(port, [{ reference: 'back/app:1', digest: digest('b') }]);
    await watch.sees((out) => out.includes(`"digest":"${digest('b')}"`));
    watch.child.kill('SIGTERM');
    expect((await watch.ended).code).toBe(0);
    await second.stop('SIGTERM');
  });

  it('when its gateway drains and is started again: it says so, and receives each change once', async () => {
    const port = await freePort();
    const settings = { ledger: `sqlite:${file('drained.db')}` };
    const first = await spawnGateway({ settings, port });
    const watch = start(first.url, ['watch', 'drained/app', '--json-events']);
    await watch.sees((out) => out.includes('"ready"'));
    await publish(port, [{ reference: 'drained/app:1', digest: digest('a') }]);
    await watch.sees((out) => out.includes(digest('a')));
    await first.stop('SIGTERM');
    await watch.sees((_, err) => err.includes(`: ${first.url} shuts down or restarts\n`));
    const second = await spawnGateway({ settings, port });
    await publish(port, [{ reference: 'drained/app:1', digest: digest('b') }]);
    await watch.sees((out) => out.includes(`"digest":"${digest('b')}"`));
    watch.child.kill('SIGTERM');
    const { code, out, err } = await watch.ended;
    await second.stop('SIGTERM');
    const events = out
      .trim()
      .split('\n')
      .map((line) => z.looseObject({ type: z.string() }).parse(JSON.parse(line)).type);
    expect([code, events.filter((type) => type !== 'ready')]).toEqual([0, ['change', 'change']]);
    expect(err).toMatch(
      /^again in \d+ s: http:\S+ shuts down or restarts\n(?:again in .*\n)*live over websocket\n$/,
    );
  });

  it('with a token that is read again from its file', async () => {
    const access = ['one', 'two'].map((name) => ({ name, sha256: digest(name).slice(7) }));
    const port = await freePort();
    const settings = (of: number) => ({ access: access.slice(of, of + 1), ledger: `sqlite:${file('t.db')}` });
    const first = await spawnGateway({ settings: settings(0), port });
    writeFileSync(file('token'), 'one\n');
    const env = { MANIFEED_TOKEN: 'never asked', MANIFEED_TOKEN_FILE: file('none') };
    const watch = start(first.url, ['watch', '**', '--token-file', file('token'), '--json-events'], { env });
    await watch.sees((out) => out.includes('"ready"'));
    writeFileSync(file('token'), 'two\n');
    await first.stop('SIGKILL');
    const second = await spawnGateway({ settings: settings(1), port });
    await watch.sees((out) => out.split('"ready"').length === 3);
    watch.child.kill('SIGTERM');
    expect((await watch.ended).code).toBe(0);
    await second.stop('SIGTERM');
  });
});
