/** The command line: finds the command, prints help, and turns errors into lines and exit codes. */
import { ManifeedError } from '../errors.ts';
import {
  type Command,
  type CommandEntry,
  type CommandIo,
  exitCodes,
  InputError,
  UsageError,
} from './command.ts';
import { widthOf } from './output/columns.ts';
import { escapeLines } from './output/escape.ts';

interface CommandLine {
  readonly version: string;
  readonly commands: readonly CommandEntry[];
  /** The command that runs if the first argument is a flag. */
  readonly defaultCommand: string;
}

/** @returns the exit code; rejects only if a command has a bug */
export async function runCommandLine(
  argv: readonly string[],
  io: CommandIo,
  line: CommandLine,
): Promise<number> {
  const [first, ...rest] = argv;
  if (first === undefined) {
    io.err(help(line));
    return exitCodes.usage;
  }
  if (first === '--help' || first === '-h' || first === 'help') return showHelp(rest[0], io, line);
  if (first === '--version' || first === '-v' || first === 'version') {
    io.out(line.version);
    return exitCodes.ok;
  }
  const name = first.startsWith('-') ? line.defaultCommand : first;
  const entry = line.commands.find((candidate) => candidate.name === name);
  if (entry === undefined) {
    io.err(`manifeed: run command: ${JSON.stringify(name)}: must be one of ${names(line)}`);
    return exitCodes.usage;
  }
  const args = first.startsWith('-') ? argv : rest;
  const own = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
  if (own.includes('--help') || own.includes('-h')) return showHelp(name, io, line);
  return await run(entry, args, io);
}

async function run(entry: CommandEntry, argv: readonly string[], io: CommandIo): Promise<number> {
  const command = await entry.load();
  try {
    return await command.run(argv, io);
  } catch (error) {
    return tell(error, entry, command, io);
  }
}

/** @throws the error itself if it is a bug */
async function tell(
  error: unknown,
  { name, failureCode }: CommandEntry,
  command: Command,
  io: CommandIo,
): Promise<number> {
  if (error instanceof UsageError) {
    io.err(`manifeed ${name}: ${error.message}`);
    io.err(`usage: manifeed ${name} ${command.usage}`);
    return exitCodes.usage;
  }
  // A command that throws one of these has loaded it; the others need not.
  const { ConfigError } = await import('../config/settings/problems.ts');
  const { FeedError } = await import('../../client/src/index.ts');
  if (error instanceof ConfigError) {
    io.err(`manifeed: ${error.message}`);
    return exitCodes.usage;
  }
  const isOurs = error instanceof ManifeedError || error instanceof FeedError || error instanceof InputError;
  if (isOurs || isSystemError(error)) {
    io.err(`manifeed ${name}: ${escapeLines(error.message)}`);
    return failureCode ?? exitCodes.failed;
  }
  // Node would end with 1, which must not be taken for an answer.
  if (failureCode === undefined || !(error instanceof Error)) throw error;
  io.err(error.stack ?? error.message);
  return failureCode;
}

/** The exit code of a command line whose output cannot be written. */
export function failureCodeOf(argv: readonly string[], commands: readonly CommandEntry[]): number {
  return commands.find(({ name }) => name === argv[0])?.failureCode ?? exitCodes.failed;
}

/** Node's own errors with a code (EADDRINUSE, ENOENT, …) come from the machine; they are no bugs. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error;
}

async function showHelp(name: string | undefined, io: CommandIo, line: CommandLine): Promise<number> {
  const entry = line.commands.find((candidate) => candidate.name === name);
  if (entry === undefined) {
    io.out(help(line));
    return exitCodes.ok;
  }
  const command = await entry.load();
  io.out(`usage: manifeed ${entry.name} ${command.usage}\n\n${entry.summary}`);
  for (const detail of command.details ?? []) io.out(detail);
  return exitCodes.ok;
}

function names(line: CommandLine): string {
  return line.commands.map((command) => command.name).join(', ');
}

function help(line: CommandLine): string {
  const width = widthOf(line.commands.map((command) => command.name));
  const list = line.commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`);
  return [
    `manifeed ${line.version}: pushes the changes of container registries to everyone who waits for them`,
    '',
    'usage: manifeed COMMAND [arguments]',
    '',
    ...list,
    '',
    '  --help, --version; "manifeed COMMAND --help" says more',
    '',
    'Every setting is a flag too: --listen HOST:PORT, --ledger sqlite:PATH, --pace.burst 100;',
    'and an environment variable: MANIFEED_LISTEN, MANIFEED_LEDGER, MANIFEED_PACE_BURST.',
  ].join('\n');
}
