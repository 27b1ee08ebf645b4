import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  type Command,
  type CommandEntry,
  type CommandIo,
  InputError,
  UsageError,
} from '../../../src/cli/command.ts';
import { configCommand } from '../../../src/cli/config-command.ts';
import { hooksCommand } from '../../../src/cli/hooks-command.ts';
import { failureCodeOf, runCommandLine } from '../../../src/cli/run.ts';
import { tokenCommand } from '../../../src/cli/token-command.ts';
import { loadConfig } from '../../../src/config/config.ts';
import { settings as tree } from '../../../src/config/schema.ts';
import { ManifeedError } from '../../../src/errors.ts';

/** Runs a command line and gives back all that it wrote. */
async function run(
  argv: readonly string[],
  options: {
    files?: Record<string, string>;
    env?: Record<string, string>;
    serve?: Command['run'];
    failureCode?: number;
  } = {},
) {
  const out: string[] = [];
  const err: string[] = [];
  const io: CommandIo = {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    readFile(path) {
      const text = options.files?.[path];
      if (text === undefined)
        throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT', syscall: 'open' });
      return Buffer.from(text);
    },
    env: options.env ?? {},
  };
  const serve: Command = {
    usage: '[--config FILE]',
    run: options.serve ?? (async (given) => given.length),
  };
  const explain = hooksCommand(async (hook, { headers, pathToken, body }) => ({
    status: body.length === 0 ? 400 : 202,
    headers,
    pathToken,
    hook: hook.name,
    body: body.toString(),
  }));
  const { failureCode } = options;
  const loaded: string[] = [];
  const entry = (name: string, command: Command): CommandEntry => ({
    name,
    summary: `What ${name} does`,
    load: async () => {
      loaded.push(name);
      return command;
    },
  });
  const commands = [
    { ...entry('serve', serve), ...(failureCode === undefined ? {} : { failureCode }) },
    entry('config', configCommand),
    entry(
      'token',
      tokenCommand((bytes) => Buffer.alloc(bytes, 7)),
    ),
    entry('hooks', explain),
  ];
  const code = await runCommandLine(argv, io, { version: '1.2.3', commands, defaultCommand: 'serve' });
  return { code, out: out.join('\n'), err: err.join('\n'), loaded };
}

describe('runCommandLine', () => {
  it('prints help and version', async () => {
    expect(await run(['--version'])).toEqual({ code: 0, out: '1.2.3', err: '', loaded: [] });
    const { code, out } = await run(['--help']);
    expect(code).toBe(0);
    for (const word of ['serve', 'config', 'token', 'hooks', '--listen']) expect(out).toContain(word);
    expect((await run(['token', '--help'])).out).toMatch(/^usage: manifeed token .*\n\nWhat token does/);
    expect((await run(['help', 'hooks'])).out).toContain('test NAME FILE');
  });

  it('loads the code of a command only when it is called', async () => {
    expect((await run(['--help'])).loaded).toEqual([]);
    expect((await run(['srve'])).loaded).toEqual([]);
    expect((await run(['token', '--help'])).loaded).toEqual(['token']);
    expect((await run(['serve'])).loaded).toEqual(['serve']);
  });

  it('prints help and fails without a command', async () => {
    expect(await run([])).toMatchObject({ code: 2, out: '' });
  });

  it('takes flags alone for the default command', async () => {
    expect((await run(['--listen', '127.0.0.1:0'])).code).toBe(2);
    expect((await run(['serve'])).code).toBe(0);
  });

  it('names an unknown command and the known ones', async () => {
    const { code, err } = await run(['srve']);
    expect(code).toBe(2);
    expect(err).toBe('manifeed: run command: "srve": must be one of serve, config, token, hooks');
  });

  it('turns expected errors into one line and an exit code', async () => {
    const failing = (error: Error) => run(['serve'], { serve: () => Promise.reject(error) });
    expect(
      await failing(new ManifeedError('UNAVAILABLE', 'open ledger: locked: must be free')),
    ).toMatchObject({
      code: 1,
      err: 'manifeed serve: open ledger: locked: must be free',
    });
    const inUse = Object.assign(new Error('listen EADDRINUSE: 127.0.0.1:1'), { syscall: 'listen' });
    expect(await failing(inUse)).toMatchObject({ code: 1, err: expect.stringContaining('EADDRINUSE') });
    expect(await failing(new UsageError('read arguments'))).toMatchObject({
      code: 2,
      err: expect.stringContaining('usage: manifeed serve'),
    });
    await expect(failing(new TypeError('a bug'))).rejects.toThrow('a bug');
  });

  it('has another exit code for a failure of commands of which 1 is an answer, bugs included', async () => {
    const failing = (error: Error) => run(['serve'], { serve: () => Promise.reject(error), failureCode: 2 });
    expect(await failing(new InputError('read a.yaml: a number: must be a file'))).toMatchObject({
      ...{ code: 2, out: '', err: 'manifeed serve: read a.yaml: a number: must be a file' },
    });
    expect(await failing(new TypeError('a bug'))).toMatchObject({
      ...{ code: 2, err: expect.stringMatching(/^TypeError: a bug\n +at /) },
    });
    const load = async () => tokenCommand();
    const entries = [
      { name: 'diff', summary: '', failureCode: 2, load },
      { name: 'token', summary: '', load },
    ];
    expect(['diff', 'token', '--x'].map((name) => failureCodeOf([name], entries))).toEqual([2, 1, 1]);
  });
});

describe('manifeed config', () => {
  it('prints the resolved configuration with secrets hidden', async () => {
    const files = { 'm.yaml': 'webhooks: [{ name: a, kind: ghcr, secret: hunter2 }]' };
    const { code, out } = await run(['config', '--config', 'm.yaml', '--pace.burst', '3'], { files });
    expect(code).toBe(0);
    expect(parse(out)).toMatchObject({ pace: { burst: 3 }, webhooks: [{ secret: '***' }] });
    expect(out).not.toContain('hunter2');
  });

  it('lists every setting', async () => {
    const { out } = await run(['config', '--settings']);
    expect(out).toContain('| `pace.burst` | `100` | `MANIFEED_PACE_BURST` |');
    expect(out).toContain('| `webhooks[].secret` |');
  });

  it('says what is wrong', async () => {
    const { code, err } = await run(['config', '--pace.burst', 'x']);
    expect(code).toBe(2);
    expect(err).toContain('pace.burst (--pace.burst): "x": must be an integer');
  });
});

describe('manifeed token', () => {
  /** What a person pastes. */
  const entryOf = (out: string) => out.slice(out.indexOf('  - name:'));

  it('prints entries that can stand one below the other, and says where', async () => {
    const [first, second] = [await run(['token', '--name', 'a']), await run(['token', '--name', 'b'])];
    expect(first.out).toContain('end of the list access; where there is none, write "access:" above it');
    const other = entryOf(second.out).replace(/[0-9a-f]{64}/, 'f'.repeat(64));
    const yaml = `access:\n${entryOf(first.out)}\n${other}`;
    const { access } = loadConfig({ env: {}, argv: ['--config', 'm'], readFile: () => yaml });
    expect(access).toMatchObject({ kind: 'tokens', tokens: [{ name: 'a' }, { name: 'b' }] });
  });

  it('makes a token and an entry that lets it in', async () => {
    const { code, out } = await run(['token', '--name', 'ci', '--repository', 'team/*', '--admin']);
    expect(code).toBe(0);
    const token = /mf_[A-Za-z0-9_-]{43}/.exec(out)?.[0] ?? '';
    const yaml = `access:\n${entryOf(out)}`;
    expect(yaml).not.toContain(token);
    const { access } = loadConfig({ env: {}, argv: ['--config', 'm'], readFile: () => yaml });
    expect(access).toMatchObject({
      kind: 'tokens',
      tokens: [
        {
          name: 'ci',
          sha256: createHash('sha256').update(token).digest('hex'),
          repositories: ['team/*'],
          unpaced: false,
          admin: true,
        },
      ],
    });
  });

  it('has a flag for each key of an entry', async () => {
    const flags = [
      '--unpaced',
      '--metrics',
      '--admin',
      '--repository',
      '*/team/app',
      '--repository',
      'nginx',
    ];
    const { out } = await run(['token', '--name', 'x', ...flags]);
    const yaml = `access:\n${entryOf(out)}`;
    const { access } = loadConfig({
      env: {},
      argv: ['--config', 'm'],
      readFile: () => yaml,
    });
    const keys = tree.list().flatMap(({ path }) => /^access\[\]\.(.+)$/.exec(path)?.[1] ?? []);
    const [token] = access.kind === 'tokens' ? access.tokens : [];
    expect(Object.keys(token ?? {}).sort()).toEqual([...keys].sort());
    expect(token).toMatchObject({
      unpaced: true,
      metrics: true,
      admin: true,
      repositories: ['*/team/app', 'nginx'],
    });
    expect((await run(['token', '--help'])).out).toContain('--metrics');
  });

  it.each([
    ['--repository', 'Foo', 'access[0].repositories[0]: "Foo": must be [host'],
    ['--repository', 'ghcr.io/*', 'access[0].repositories[0]: "ghcr.io/*": matches no repository'],
    ['--repository', 'nginx:1', 'access[0].repositories[0]: "nginx:1": must not hold a tag'],
    ['--name', '', 'access[0].name: "": must be a name'],
  ])('prints nothing that a gateway refuses: %s %s', async (flag, value, message) => {
    const { code, out, err } = await run(['token', flag, value]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
  });

  it('refuses what it does not know', async () => {
    expect(await run(['token', '--nmae', 'x'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('usage:'),
    });
  });
});

describe('manifeed hooks', () => {
  const files = {
    'm.yaml': 'webhooks: [{ name: a, kind: quay, pathToken: hunter2 }]',
    'delivery.json': '{"x":1}',
    'empty.json': '',
  };

  it('fails where the sender would get an error, and shows it all the same', async () => {
    const { code, out } = await run(['hooks', 'test', 'local', 'empty.json'], { files });
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ status: 400, hook: 'local' });
  });

  it('says in its help that it lists the configuration and asks no gateway', async () => {
    expect((await run(['hooks', 'list', '--help'])).out).toMatch(
      /list +name, kind and URL of each hook of the configuration that --config names,\s+or of the default; it asks no gateway/,
    );
  });

  it('lists the hooks without their secrets', async () => {
    expect((await run(['hooks', 'list', '--config', 'm.yaml'], { files })).out).toBe(
      'a\tquay\t/v1/hooks/a/***',
    );
    expect((await run(['hooks', 'list'])).out).toContain('publish\tmanifeed\t/v1/hooks/publish');
  });

  it('shows what a saved delivery would become', async () => {
    const { code, out } = await run(
      [
        'hooks',
        'test',
        'a',
        'delivery.json',
        '--config',
        'm.yaml',
        '--header',
        'X-Sig: a:b',
        '--path-token',
        't',
      ],
      { files },
    );
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      status: 202,
      hook: 'a',
      body: '{"x":1}',
      headers: { 'content-type': 'application/json', 'x-sig': 'a:b' },
      pathToken: 't',
    });
  });

  it.each([
    [['hooks'], /must be list or test NAME FILE/],
    [['hooks', 'test', 'a'], /must be list or test NAME FILE/],
    [['hooks', 'test', 'nope', 'delivery.json'], /"nope": must be one of publish, local/],
    [['hooks', 'test', 'local', 'delivery.json', '--header', 'bad'], /--header: must be "Name: value"/],
  ])('refuses %j', async (argv, message) => {
    const { code, err } = await run(argv, { files });
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });

  it('says so when the delivery cannot be read', async () => {
    expect(await run(['hooks', 'test', 'local', 'none.json'])).toMatchObject({
      code: 1,
      err: 'manifeed hooks: read none.json: cannot be read: no such file',
    });
  });

  it.each([['token'], ['hooks', 'test']])('names a flag of %s that does not exist', async (...command) => {
    const { code, err } = await run([...command, '--bogus']);
    expect([code, err.split('\n')[0]]).toEqual([
      ...[2, `manifeed ${command[0]}: read arguments: unknown flag --bogus`],
    ]);
  });
});
