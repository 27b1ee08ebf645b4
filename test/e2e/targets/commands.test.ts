import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import { CallError } from '../../../src/target/call/error.ts';
import { type Command, ProcessRunner } from '../../../src/target/call/process.ts';
import { isAlive } from '../../support/child.ts';
import { digest, publish, spawnGateway } from '../../support/gateway.ts';
import { TargetWorld } from '../../support/target-gateway.ts';
import { until } from '../../support/until.ts';

const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

function runnerOf(environment: Readonly<Record<string, string>> = {}): ProcessRunner {
  const runner = new ProcessRunner({ clock: systemClock, environment });
  ends.push(() => runner.close());
  return runner;
}

/** A program in JavaScript. */
function program(text: string, more: Partial<Command> = {}): Command {
  return { command: [process.execPath, '-e', text], env: {}, input: '', ...more };
}

const never = () => new AbortController().signal;

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'manifeed-command-'));
  ends.push(() => rm(path, { recursive: true, force: true }));
  return path;
}

describe('a command', () => {
  it('gets its input and only the variables that it is given', async () => {
    const text = 'process.stdin.pipe(process.stdout); console.error(JSON.stringify(process.env))';
    const command = program(text, { env: { OWN: '1' }, input: '{"change":1}' });
    const { code, output } = await runnerOf({ PATH: '/bin' }).run(command, never());
    expect(code).toBe(0);
    expect(output).toContain('{"change":1}');
    expect(JSON.parse(/\{"[A-Z][^\n]*\}/.exec(output.replace('{"change":1}', ''))?.[0] ?? '')).toEqual({
      ...{ PATH: '/bin', OWN: '1' },
    });
  });

  it('tells how it ended', async () => {
    const runner = runnerOf();
    expect(await runner.run(program('process.exit(3)'), never())).toMatchObject({ code: 3, signal: null });
    const killed = program('process.kill(process.pid, "SIGKILL")');
    expect(await runner.run(killed, never())).toMatchObject({ code: null, signal: 'SIGKILL' });
  });

  it('need not read its input', async () => {
    const command = program('process.stdin.destroy(); process.exit(0)', { input: 'x'.repeat(1_000_000) });
    expect(await runnerOf().run(command, never())).toMatchObject({ code: 0 });
  });

  it('leaves the end of a long output', async () => {
    const text = 'process.stdout.write("x".repeat(1e6) + "the end")';
    const { output } = await runnerOf().run(program(text), never());
    expect(output).toHaveLength(64 * 1024);
    expect(output.endsWith('xthe end')).toBe(true);
  });

  it.each([
    ['/no/such/program', 'no such file, or the program that interprets it is missing (ENOENT)'],
    ['no-such-program', 'not found in PATH (ENOENT)'],
    [fileURLToPath(import.meta.url), 'it is not executable (EACCES)'],
  ])('that cannot be started says so: %s', async (program, reason) => {
    const command = { command: [program], env: {}, input: '' } as const;
    await expect(runnerOf().run(command, never())).rejects.toMatchObject({
      ...{ kind: 'process', message: `start ${program}: ${reason}` },
    });
  });

  it('that is too long for the system says so', async () => {
    const run = runnerOf().run(program('', { env: { LONG: 'x'.repeat(4_000_000) } }), never());
    await expect(run).rejects.toMatchObject({ kind: 'process', message: expect.stringContaining(': E2BIG') });
  });

  it.skipIf(process.platform === 'win32')('ends nothing else when no file descriptor is free', async () => {
    const script = fileURLToPath(new URL('../../support/run-without-descriptors.ts', import.meta.url));
    const command = ['/bin/sh', '-c', 'ulimit -n 100; exec "$0" "$1"', process.execPath, script] as const;
    const { code, output } = await runnerOf().run({ command, env: {}, input: '' }, never());
    expect(JSON.parse(output)).toEqual([
      `CallError: start ${process.execPath}: EMFILE`,
      { code: 0, signal: null, output: '' },
    ]);
    expect(code).toBe(0);
  });

  it('ends with its children at the time limit, and the next one waits for that', async () => {
    const runner = runnerOf();
    const file = join(await folder(), 'pids');
    const child = `setInterval(() => {}, 1e3)`;
    const text = `
      const { pid } = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}]);
      require('node:fs').writeFileSync(${JSON.stringify(file)}, process.pid + ' ' + pid + '.');
      setInterval(() => {}, 1e3);
    `;
    const limit = new AbortController();
    const run = runner.run(program(text), limit.signal);
    let pids: readonly number[] = [];
    await until('it to run', async () => {
      const told = await readFile(file, 'utf8').catch(() => '');
      pids = told.endsWith('.') ? told.slice(0, -1).split(' ').map(Number) : [];
      return pids.length === 2;
    });
    limit.abort(new CallError('timeout', 'no end within 1 s'));
    const next = runner.run(program(''), never());
    await expect(run).rejects.toMatchObject({ kind: 'timeout' });
    expect(await next).toMatchObject({ code: 0 });
    await until('its child to end', async () => !pids.some(isAlive));
    await expect(runner.run(program(''), limit.signal)).rejects.toMatchObject({ kind: 'timeout' });
  });

  it('leaves nothing of its group running when it has ended, and its end does not wait for that', async () => {
    const file = join(await folder(), 'pid');
    const child = 'setInterval(() => {}, 1e3)';
    const text = `
      const { pid } = require('node:child_process')
        .spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'inherit' });
      require('node:fs').writeFileSync(${JSON.stringify(file)}, String(pid));
      console.log('done');
      process.exit(0);
    `;
    expect(await runnerOf().run(program(text), never())).toMatchObject({ code: 0, output: 'done\n' });
    const pid = Number(await readFile(file, 'utf8'));
    await until('its child to end', async () => !isAlive(pid));
  });

  it('that does not end by itself is killed with the gateway', async () => {
    const runner = runnerOf();
    const file = join(await folder(), 'pid');
    const write = `require('node:fs').writeFileSync(${JSON.stringify(file)}, process.pid + '.')`;
    const limit = new AbortController();
    const run = runner.run(
      program(`process.on('SIGTERM', () => {}); ${write}; setInterval(() => {}, 1e3)`),
      limit.signal,
    );
    await until('it to run', async () => (await readFile(file, 'utf8').catch(() => '')).endsWith('.'));
    limit.abort(new CallError('closed', 'the gateway ends'));
    await runner.close();
    await expect(run).rejects.toMatchObject({ kind: 'closed' });
    expect(isAlive(Number((await readFile(file, 'utf8')).slice(0, -1)))).toBe(false);
  });

  it('has time to clean up when the gateway ends', async () => {
    const runner = runnerOf();
    const file = join(await folder(), 'said');
    const write = (word: string) =>
      `require('node:fs').appendFileSync(${JSON.stringify(file)}, '${word}\\n')`;
    const tidy = `setTimeout(() => { ${write('tidy')}; process.exit(1); }, 50)`;
    const limit = new AbortController();
    const run = runner.run(
      program(`process.on('SIGTERM', () => ${tidy}); ${write('ready')}; setInterval(() => {}, 1e3)`),
      limit.signal,
    );
    const said = () => readFile(file, 'utf8').catch(() => '');
    await until('it to run', async () => (await said()) === 'ready\n');
    limit.abort(new CallError('closed', 'the gateway ends'));
    await runner.close();
    await expect(run).rejects.toMatchObject({ kind: 'closed' });
    expect(await said()).toBe('ready\ntidy\n');
  });
});

describe('a target of the kind exec', () => {
  it('runs its command for a change, again if it failed, and never with the variables of the gateway', async () => {
    const world = new TargetWorld();
    ends.push(() => world.end());
    const file = join(await folder(), 'runs');
    const text = `
      const { appendFileSync, existsSync } = require('node:fs');
      const first = !existsSync(process.env.RUNS);
      const { change } = JSON.parse(require('node:fs').readFileSync(0));
      const { PATH, HOME, LANG, TZ, ...own } = process.env;
      appendFileSync(process.env.RUNS, JSON.stringify([process.argv[1], change.tag, Object.keys(own)]) + '\\n');
      console.log(first ? 'done failed=1' : 'done failed=0');
    `;
    const { push, shown } = await world.gateway([
      {
        ...{ name: 'tool', kind: 'exec', failIf: 'failed=[1-9]', coalesce: '0s', env: { RUNS: file } },
        command: [process.execPath, '-e', text, `\${change.reference}`],
      },
    ]);
    await push('registry.example.com/team/app:1.0');
    await until('it to be accepted', async () => (await shown('tool')).counts.accepted === 1);
    const { counts, lastFailure } = await shown('tool');
    expect({ counts, why: lastFailure?.why }).toEqual({
      ...{ counts: { retried: 1, accepted: 1 }, why: 'failIf is in the output: done failed=1' },
    });
    const runs = (await readFile(file, 'utf8')).trim().split('\n');
    expect(runs).toHaveLength(2);
    const [reference, tag, names] = JSON.parse(runs[0] ?? '');
    expect([reference, tag]).toEqual(['registry.example.com/team/app:1.0', '1.0']);
    const others = names.filter((name: string) => !name.startsWith('MANIFEED_CHANGE_'));
    expect(others).toEqual(['RUNS']);
  });

  it('ends with a gateway that two signals stop, whatever it does', async () => {
    const place = await folder();
    const file = join(place, 'pid');
    const text = `
      process.on('SIGTERM', () => {});
      require('node:fs').writeFileSync(${JSON.stringify(file)}, process.pid + '.');
      setInterval(() => {}, 1e3);
    `;
    const target = { name: 'tool', kind: 'exec', coalesce: '0s', command: [process.execPath, '-e', text] };
    const settings = { ledger: `sqlite:${join(place, 'manifeed.db')}`, targets: [target] };
    const gateway = await spawnGateway({ settings: { ...settings, drain: { window: '10m' } } });
    ends.unshift(() => gateway.stop('SIGKILL'));
    await publish(gateway.port, [{ reference: 'r.test/team/app:1.0', digest: digest('1') }]);
    await until('it to run', async () => (await readFile(file, 'utf8').catch(() => '')).endsWith('.'));
    gateway.child.kill('SIGTERM');
    await until('it to drain', () => gateway.output().includes('draining'));
    // The same one so soon would count as npm's echo of the first.
    gateway.child.kill('SIGINT');
    await gateway.exited;
    const pid = Number((await readFile(file, 'utf8')).slice(0, -1));
    await until('the command to end', () => !isAlive(pid));
  });

  it('shows the end of an output without a part of a secret', async () => {
    const world = new TargetWorld();
    ends.push(() => world.end());
    const text = 'console.log(process.env.KEY + "x".repeat(185)); process.exit(1)';
    const { push, shown } = await world.gateway([
      {
        ...{ name: 'tool', kind: 'exec', coalesce: '0s', env: { KEY: 'hunter2-hunter2' } },
        command: [process.execPath, '-e', text],
      },
    ]);
    await push('registry.example.com/team/app:1.0');
    await until('it to fail', async () => (await shown('tool')).lastFailure !== null);
    expect((await shown('tool')).lastFailure?.why).toBe(`exit code 1: ***${'x'.repeat(185)}`);
  });
});
