import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { TextDecoder } from 'node:util';
import { type Check, type Config, loadConfig } from '../config.ts';
import { type Command, type CommandIo, exitCodes, UsageError } from './command.ts';

/** What `manifeed ledger info` shows; times are ms since the epoch. */
export interface LedgerInfo {
  readonly kind: string;
  readonly epoch: string;
  readonly floor: number;
  readonly head: number;
  readonly tags: number;
  readonly repositories: number;
  /** `recordedAt` of the oldest change kept; null where none is kept. */
  readonly oldestAt: number | null;
  /** Bytes on disk; null where the ledger is not a file of ours. */
  readonly bytes: number | null;
}

/** An opened ledger, as these commands need it. */
export interface LedgerTool {
  info(): Promise<LedgerInfo>;
  /** Lines of NDJSON, each with its line feed. */
  exportLines(): AsyncIterable<string>;
  /** Takes an export, in whatever chunks it comes; all or nothing. */
  importChunks(chunks: AsyncIterable<Uint8Array>): Promise<void>;
  close(): Promise<void>;
}

export interface LedgerCommandOptions {
  /** Opens the ledger that the configuration names; `mayCreate` false: only one that is there. */
  readonly open: (config: Config, mayCreate: boolean) => Promise<LedgerTool>;
  readonly checks: readonly Check[];
  /** Opens what is imported; rejects where it can't. Default: a file, or standard input for `-`. */
  readonly read?: (path: string) => Promise<AsyncIterable<Uint8Array>>;
  /** Writes to standard output and resolves when more may come. Default: this process's. */
  readonly write?: (text: string) => Promise<void>;
}

/** Lines are written in blocks of about this many characters: one write for each would be slow. */
const blockLength = 64 * 1024;

/** `manifeed ledger`: looks at a ledger, and moves it to another one with its positions and epoch. */
export function ledgerCommand(options: LedgerCommandOptions): Command {
  const { open, checks, read = openChunks, write = writeStandardOutput } = options;
  return {
    name: 'ledger',
    usage: 'info | export | import [FILE] [--config FILE] [--ledger URL]',
    summary: 'Look at the ledger, or move it to another one',
    details: [
      '',
      '  info           epoch, positions and sizes',
      '  export         everything in it, as NDJSON on standard output',
      '  import [FILE]  fill an empty ledger from an export (default: standard input)',
      '',
      'An SQLite ledger belongs to one process: stop its gateway first.',
    ],
    async run(argv, io) {
      const { action, file, flags } = parse(argv);
      const readFile = (path: string) => new TextDecoder().decode(io.readFile(path));
      const config = loadConfig({ argv: flags, env: io.env, readFile, checks });
      // Before the ledger: a mistyped name must not leave an empty one behind.
      const chunks = action === 'import' ? await read(file) : null;
      const ledger = await open(config, action === 'import');
      try {
        if (action === 'info') showInfo(await ledger.info(), io);
        else if (chunks === null) await writeBlocks(ledger.exportLines(), write);
        else {
          await ledger.importChunks(chunks);
          // On standard error, as everything that is not data.
          io.err(describe(await ledger.info()));
        }
      } finally {
        await ledger.close();
      }
      return exitCodes.ok;
    },
  };
}

const actions = ['info', 'export', 'import'] as const;

interface Arguments {
  readonly action: (typeof actions)[number];
  /** `-`: standard input. */
  readonly file: string;
  readonly flags: readonly string[];
}

function parse(argv: readonly string[]): Arguments {
  const [first, second] = argv;
  const action = actions.find((candidate) => candidate === first);
  if (action === undefined) {
    throw new UsageError(`read arguments: ${JSON.stringify(first ?? '')}: must be ${actions.join(', ')}`);
  }
  const hasFile = action === 'import' && second !== undefined && (second === '-' || !second.startsWith('-'));
  return { action, file: hasFile ? second : '-', flags: argv.slice(hasFile ? 2 : 1) };
}

function showInfo(info: LedgerInfo, io: CommandIo): void {
  io.out(`ledger        ${info.kind}`);
  io.out(`epoch         ${info.epoch}`);
  io.out(`head          ${info.epoch}-${info.head}`);
  io.out(`floor         ${info.epoch}-${info.floor}`);
  io.out(`changes       ${info.head - info.floor}`);
  io.out(`oldest        ${info.oldestAt === null ? '–' : new Date(info.oldestAt).toISOString()}`);
  io.out(`tags          ${info.tags}`);
  io.out(`repositories  ${info.repositories}`);
  if (info.bytes !== null) io.out(`bytes         ${info.bytes}`);
}

function describe(info: LedgerInfo): string {
  const { kind, epoch, head, floor, tags, repositories } = info;
  return `imported into ${kind}: ${head - floor} changes to ${epoch}-${head}, ${tags} tags in ${repositories} repositories`;
}

async function writeBlocks(
  lines: AsyncIterable<string>,
  write: (text: string) => Promise<void>,
): Promise<void> {
  let block = '';
  for await (const line of lines) {
    block += line;
    if (block.length >= blockLength) {
      await write(block);
      block = '';
    }
  }
  if (block !== '') await write(block);
}

async function openChunks(path: string): Promise<AsyncIterable<Uint8Array>> {
  if (path === '-') return process.stdin;
  const file = createReadStream(path);
  await once(file, 'open');
  return file;
}

function writeStandardOutput(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
