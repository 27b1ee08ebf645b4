import { readFileSync } from 'node:fs';
import { processEnvironment } from '../config/config.ts';
import { systemClock } from '../lib/clock.ts';
import { fetchText } from '../lib/fetch-text.ts';
import { packageFolder } from '../lib/package-folder.ts';
import { explainDelivery } from '../source/webhook/explain.ts';
import { type CommandIo, exitCodes } from './command.ts';
import { configCommand } from './config-command.ts';
import { hooksCommand } from './hooks-command.ts';
import { ledgerCommand } from './ledger-command.ts';
import { openLedgerTool, restoreLedger } from './ledger-tool.ts';
import { processTerminal } from './output/terminal.ts';
import { runCommandLine } from './run.ts';
import { serveCommand } from './serve-command.ts';
import type { StopSignal, StopSignals } from './stop-signals.ts';
import { tokenCommand } from './token-command.ts';
import { watchCommand } from './watch/command.ts';
import { systemRunner } from './watch/run/child.ts';

/** Runs the command line of this process. @returns the exit code */
export function runProcess(signals: StopSignals): Promise<number> {
  const version = readVersion();
  const io: CommandIo = {
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
    readFile: (path) => readFileSync(path === '-' ? 0 : path),
    env: processEnvironment(),
  };
  // In `manifeed … | head` the reader may leave early: that is no failure. The pending write rejects.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    io.err(`manifeed: write standard output: ${error.message}: must be writable`);
    process.exit(exitCodes.failed);
  });
  const tools = { clock: systemClock, fetchText };
  const isWindows = process.platform === 'win32';
  const asking = { terminal: processTerminal(), clock: systemClock, random: Math.random };
  const onSignal = (listener: (signal: StopSignal) => void) => signals.handle(listener);
  return runCommandLine(process.argv.slice(2), io, {
    version,
    defaultCommand: 'serve',
    commands: [
      serveCommand({ version, signals, exit: (code) => process.exit(code) }),
      watchCommand({ ...asking, onSignal, isWindows, runner: systemRunner(systemClock, isWindows) }),
      configCommand,
      tokenCommand(),
      ledgerCommand({ open: openLedgerTool, restore: restoreLedger }),
      hooksCommand((hook, delivery) => explainDelivery(hook, delivery, tools, true)),
    ],
  });
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('package.json', packageFolder), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : '0';
}
