import { TextDecoder } from 'node:util';
import { loadConfig } from '../config/config.ts';
import type { Config } from '../config/shape.ts';
import { type Command, type CommandIo, exitCodes, UsageError } from './command.ts';
import { openInput } from './input.ts';

/** What `manifeed ledger info` shows. Times are ms since the epoch. */
export interface LedgerInfo {
  readonly kind: string;
  readonly epoch: string;
  readonly floor: number;
  readonly head: number;
  readonly tags: number;
  readonly repositories: number;
  /** `recordedAt` of the oldest and the newest kept change; null if there is none. */
  readonly oldestAt: number | null;
  readonly newestAt: number | null;
  /** Null if the ledger is not SQLite. */
  readonly file: LedgerFileInfo | null;
}

interface LedgerFileInfo {
  readonly path: string;
  readonly bytes: number;
  /** Of the write-ahead log. */
  readonly logBytes: number;
  readonly schema: number;
  /** The process that has the file open, or `a gateway` if that process is unknown; null if none has it open. */
  readonly holder: string | null;
}

/** What the command does to one ledger. */
export interface LedgerTool {
  info(): Promise<LedgerInfo>;
  /** Lines of NDJSON, each with its line feed. */
  exportLines(): AsyncIterable<string>;
  /** Imports an export, cut into chunks anywhere; all or nothing. */
  importChunks(chunks: AsyncIterable<Uint8Array>): Promise<void>;
  backUp(file: string): Promise<void>;
  close(): Promise<void>;
}

interface LedgerCommandOptions {
  /** Opens the ledger that the configuration names. If `mayWrite` is false, it must exist and is only read. */
  readonly open: (config: Config, mayWrite: boolean) => Promise<LedgerTool>;
  /** Replaces the ledger by a backup, under a new epoch. Resolves to lines that say what it did. */
  readonly restore: (config: Config, file: string) => Promise<readonly string[]>;
  /** Opens the file to import; rejects if it cannot. Default: a file, or standard input for `-`. */
  readonly read?: (path: string) => Promise<AsyncIterable<Uint8Array>>;
  /** Writes a string and resolves when more can be written. Default: to standard output. */
  readonly write?: (text: string) => Promise<void>;
}

/** Lines are written in blocks of about this many characters, because one write per line would be slow. */
const blockLength = 64 * 1024;

/** `manifeed ledger`: shows, backs up, restores, exports and imports the ledger. */
export function ledgerCommand(options: LedgerCommandOptions): Command {
  const { open, restore, read = openInput, write = writeStandardOutput } = options;
  return {
    usage: 'info | export | import [FILE] | backup FILE | restore FILE [--config FILE] [--ledger URL]',
    details: [
      '',
      '  info           epoch, positions, times, sizes, and who has it open',
      '  export         everything in it, as NDJSON on standard output',
      '  import [FILE]  fill an empty ledger from an export (default: standard input)',
      '  backup FILE    copy an SQLite ledger, as of now, into a new file',
      '  restore FILE   put a backup in the place of an SQLite ledger, under a new epoch',
      '',
      'The gateway may run meanwhile. Stop it only for import and restore into an SQLite ledger.',
    ],
    async run(argv, io) {
      const { action, file, flags } = parse(argv);
      const readFile = (path: string) => new TextDecoder().decode(io.readFile(path));
      const config = loadConfig({ argv: flags, env: io.env, readFile });
      if (action === 'restore') {
        for (const line of await restore(config, file)) io.err(line);
        return exitCodes.ok;
      }
      // The input is opened first, so that a mistyped name leaves no empty ledger behind.
      const chunks = action === 'import' ? await read(file) : null;
      const ledger = await open(config, action === 'import');
      try {
        if (action === 'info') showInfo(await ledger.info(), io);
        else if (action === 'backup') {
          await ledger.backUp(file);
          io.err(`backed up to ${file}`);
        } else if (chunks === null) await writeBlocks(ledger.exportLines(), write);
        else {
          await ledger.importChunks(chunks);
          // Standard output is for data only.
          io.err(describe(await ledger.info()));
        }
      } finally {
        await ledger.close();
      }
      return exitCodes.ok;
    },
  };
}

const actions = ['info', 'export', 'import', 'backup', 'restore'] as const;
type Action = (typeof actions)[number];

interface Arguments {
  readonly action: Action;
  /** `-` is standard input. */
  readonly file: string;
  readonly flags: readonly string[];
}

function parse(argv: readonly string[]): Arguments {
  const [first, second] = argv;
  const action = actions.find((candidate) => candidate === first);
  if (action === undefined) {
    throw new UsageError(`read arguments: ${JSON.stringify(first ?? '')}: must be ${actions.join(', ')}`);
  }
  const isFile = second !== undefined && (second === '-' || !second.startsWith('-'));
  if (action === 'backup' || action === 'restore') {
    if (!isFile || second === '-')
      throw new UsageError(`read arguments: ${action}: must be followed by a file`);
    return { action, file: second, flags: argv.slice(2) };
  }
  const hasFile = action === 'import' && isFile;
  return { action, file: hasFile ? second : '-', flags: argv.slice(hasFile ? 2 : 1) };
}

function showInfo(info: LedgerInfo, io: CommandIo): void {
  const { file } = info;
  io.out(`ledger        ${info.kind}`);
  io.out(`epoch         ${info.epoch}`);
  io.out(`head          ${info.epoch}-${info.head}`);
  io.out(`floor         ${info.epoch}-${info.floor}`);
  io.out(`changes       ${info.head - info.floor}`);
  io.out(`oldest        ${showTime(info.oldestAt)}`);
  io.out(`newest        ${showTime(info.newestAt)}`);
  io.out(`tags          ${info.tags}`);
  io.out(`repositories  ${info.repositories}`);
  if (file === null) return;
  io.out(`file          ${file.path}`);
  io.out(`bytes         ${file.bytes}`);
  io.out(`log bytes     ${file.logBytes}`);
  io.out(`schema        ${file.schema}`);
  io.out(`open in       ${file.holder ?? 'no gateway'}`);
}

/** In RFC 3339. @param at ms since the epoch; null: none */
export function showTime(at: number | null): string {
  return at === null ? '–' : new Date(at).toISOString();
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

function writeStandardOutput(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
