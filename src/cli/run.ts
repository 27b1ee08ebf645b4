/** The command line: finds the command, prints help, and turns errors into lines and exit codes. */
import { FeedError } from '../../client/src/index.ts';
import { ConfigError } from '../config/settings/problems.ts';
import { ManifeedError } from '../errors.ts';
import { type Command, type CommandIo, exitCodes, UsageError } from './command.ts';
import { escapeLines } from './output/escape.ts';

interface CommandLine {
  readonly version: string;
  readonly commands: readonly Command[];
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
  const command = line.commands.find((candidate) => candidate.name === name);
  if (command === undefined) {
    io.err(`manifeed: run command: ${JSON.stringify(name)}: must be one of ${names(line)}`);
    return exitCodes.usage;
  }
  const args = first.startsWith('-') ? argv : rest;
  const own = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
  if (own.includes('--help') || own.includes('-h')) return showHelp(name, io, line);
  return await run(command, args, io);
}

async function run(command: Command, argv: readonly string[], io: CommandIo): Promise<number> {
  try {
    return await command.run(argv, io);
  } catch (error) {
    if (error instanceof UsageError) {
      io.err(`manifeed ${command.name}: ${error.message}`);
      io.err(`usage: manifeed ${command.name} ${command.usage}`);
      return exitCodes.usage;
    }
    if (error instanceof ConfigError) {
      io.err(`manifeed: ${error.message}`);
      return exitCodes.usage;
    }
    if (error instanceof ManifeedError || error instanceof FeedError || isSystemError(error)) {
      io.err(`manifeed ${command.name}: ${escapeLines(error.message)}`);
      return exitCodes.failed;
    }
    throw error;
  }
}

/** Node's own errors with a code (EADDRINUSE, ENOENT, …) come from the machine; they are no bugs. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error;
}

function showHelp(name: string | undefined, io: CommandIo, line: CommandLine): number {
  const command = line.commands.find((candidate) => candidate.name === name);
  if (command === undefined) {
    io.out(help(line));
    return exitCodes.ok;
  }
  io.out(`usage: manifeed ${command.name} ${command.usage}\n\n${command.summary}`);
  for (const detail of command.details ?? []) io.out(detail);
  return exitCodes.ok;
}

function names(line: CommandLine): string {
  return line.commands.map((command) => command.name).join(', ');
}

function help(line: CommandLine): string {
  const width = Math.max(...line.commands.map((command) => command.name.length));
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
