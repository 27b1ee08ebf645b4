import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { CommandIo } from '../../../src/cli/command.ts';
import { type LedgerTool, ledgerCommand } from '../../../src/cli/ledger-command.ts';
import { runCommandLine } from '../../../src/cli/run.ts';
import { ManifeedError } from '../../../src/errors.ts';

async function run(argv: readonly string[], tool: Partial<LedgerTool> = {}) {
  const seen = {
    out: [] as string[],
    err: [] as string[],
    written: [] as string[],
    read: '',
    opened: '',
    closed: 0,
  };
  const io: CommandIo = {
    out: (line) => seen.out.push(line),
    err: (line) => seen.err.push(line),
    readFile: () => Buffer.from(''),
    env: {},
  };
  const ledger: LedgerTool = {
    info: async () => ({
      kind: 'sqlite',
      epoch: 'e0000000',
      floor: 2,
      head: 5,
      tags: 4,
      repositories: 1,
      oldestAt: 0,
      newestAt: 1_000,
      file: { path: './m.db', bytes: 4096, logBytes: 32, schema: 2, holder: 'process 7 on h' },
    }),
    backUp: async (file) => void seen.written.push(`backup ${file}`),
    async *exportLines() {
      yield* ['{"a":1}\n', '{"b":2}\n'];
    },
    async importChunks(chunks) {
      for await (const chunk of chunks) seen.read += Buffer.from(chunk).toString();
    },
    close: async () => void seen.closed++,
    ...tool,
  };
  const command = ledgerCommand({
    open: async (config) => {
      seen.opened = config.ledger.kind;
      return ledger;
    },
    restore: async (_config, file) => [`restored from ${file}`],
    // As it is by default where a test names a path.
    ...(argv[1]?.startsWith('/') !== true && {
      read: async (path) => Readable.from([Buffer.from(`from ${path}`)]),
    }),
    write: async (text) => void seen.written.push(text),
  });
  const entry = { name: 'ledger', summary: 'The ledger', load: async () => command };
  const line = { version: '1', commands: [entry], defaultCommand: 'serve' };
  const code = await runCommandLine(['ledger', ...argv], io, line);
  return { code, ...seen };
}

describe('manifeed ledger', () => {
  it('shows positions and sizes', async () => {
    const { code, out, closed } = await run(['info', '--ledger', 'memory']);
    expect(code).toBe(0);
    expect(out).toContain('head          e0000000-5');
    expect(out).toContain('changes       3');
    expect(out).toContain('oldest        1970-01-01T00:00:00.000Z');
    expect(out).toContain('newest        1970-01-01T00:00:01.000Z');
    expect(out).toContain('bytes         4096');
    expect(out).toContain('log bytes     32');
    expect(out).toContain('schema        2');
    expect(out).toContain('open in       process 7 on h');
    expect(closed).toBe(1);
  });

  it('opens what it imports before the ledger, so that a mistyped name leaves nothing behind', async () => {
    const { code, err, opened } = await run(['import', '/no/such/file', '--ledger', 'memory']);
    expect([code, opened]).toEqual([1, '']);
    expect(err).toEqual(['manifeed ledger: read /no/such/file: cannot be read: no such file']);
  });

  it('refuses to import a directory before it opens the ledger', async () => {
    const { code, err, opened } = await run(['import', import.meta.dirname, '--ledger', 'memory']);
    expect([code, opened]).toEqual([1, '']);
    expect(err).toEqual([`manifeed ledger: read ${import.meta.dirname}: cannot be read: it is a directory`]);
  });

  it('writes an export in few blocks', async () => {
    const { code, written, opened, out } = await run(['export', '--ledger', 'redis://h']);
    expect({ code, written, opened, out }).toEqual({
      code: 0,
      written: ['{"a":1}\n{"b":2}\n'],
      opened: 'redis',
      out: [],
    });
  });

  it.each([
    [['import'], 'from -'],
    [['import', '-', '--ledger', 'memory'], 'from -'],
    [['import', 'file.ndjson', '--ledger', 'memory'], 'from file.ndjson'],
    [['import', '--ledger', 'memory'], 'from -'],
  ])('takes %j', async (argv, read) => {
    const result = await run(argv);
    expect(result).toMatchObject({ code: 0, read, closed: 1 });
    expect(result.err[0]).toBe('imported into sqlite: 3 changes to e0000000-5, 4 tags in 1 repositories');
  });

  it('closes the ledger and says why where an import fails', async () => {
    const refuse = async () => {
      throw new ManifeedError('BODY_INVALID', 'import ledger: line 1: no JSON: must be a row');
    };
    expect(await run(['import'], { importChunks: refuse })).toMatchObject({
      code: 1,
      closed: 1,
      err: ['manifeed ledger: import ledger: line 1: no JSON: must be a row'],
    });
  });

  it('backs up into a file and restores from one, by name', async () => {
    const backup = await run(['backup', 'b.db', '--ledger', 'sqlite:./m.db']);
    expect(backup).toMatchObject({
      code: 0,
      written: ['backup b.db'],
      err: ['backed up to b.db'],
      closed: 1,
    });
    const restore = await run(['restore', 'b.db', '--ledger', 'sqlite:./m.db']);
    expect(restore).toMatchObject({ code: 0, err: ['restored from b.db'], opened: '', closed: 0 });
    for (const argv of [['backup'], ['restore', '--ledger', 'memory'], ['backup', '-']]) {
      const { code, err } = await run(argv);
      expect([code, err[0]]).toEqual([2, expect.stringContaining('must be followed by a file')]);
    }
  });

  it.each([[[]], [['drop']]])('refuses %j', async (argv) => {
    const { code, err } = await run(argv);
    expect(code).toBe(2);
    expect(err[0]).toMatch(/must be info, export, import, backup, restore/);
  });
});
