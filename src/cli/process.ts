import { readFileSync } from 'node:fs';
import { processEnvironment } from '../config/environment.ts';
import { packageFolder } from '../lib/package-folder.ts';
import type { CommandIo } from './command.ts';
import { commandsOf, defaultCommand } from './commands.ts';
import { failureCodeOf, runCommandLine } from './run.ts';
import type { StopSignals } from './stop-signals.ts';

/** Runs the command line of this process. @returns the exit code */
export function runProcess(signals: StopSignals): Promise<number> {
  const version = readVersion();
  const io: CommandIo = {
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
    readFile: (path) => readFileSync(path === '-' ? 0 : path),
    env: processEnvironment(),
  };
  const argv = process.argv.slice(2);
  const commands = commandsOf({ version, signals });
  // In `manifeed … | head` the reader may leave early: that is no failure. The pending write rejects.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    io.err(`manifeed: write standard output: ${error.message}: must be writable`);
    process.exit(failureCodeOf(argv, commands));
  });
  return runCommandLine(argv, io, { version, defaultCommand, commands });
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('package.json', packageFolder), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : '0';
}
