/** The list of commands. Each one's code is loaded when it is called, and nothing here loads it before. */
import { systemClock } from '../lib/clock.ts';
import type { AskingParts } from './asking/parts.ts';
import { type CommandEntry, troubleCode } from './command.ts';
import { processTerminal } from './output/terminal.ts';
import { exitCodeOf, type StopSignal, type StopSignals } from './stop-signals.ts';

interface CommandParts {
  readonly version: string;
  readonly signals: StopSignals;
}

/** The command that runs if the first argument is a flag. */
export const defaultCommand = 'serve';

/** In the order in which help lists them. */
export function commandsOf({ version, signals }: CommandParts): readonly CommandEntry[] {
  const clock = systemClock;
  const onSignal = (listener: (signal: StopSignal) => void) => signals.handle(listener);
  return [
    {
      name: 'serve',
      summary: 'Run the gateway',
      load: async () => {
        const { serveCommand } = await import('./serve-command.ts');
        return serveCommand({ version, signals, exit: (code) => process.exit(code) });
      },
    },
    {
      name: 'watch',
      summary: 'Print the changes of images as they happen, or run a command for each',
      load: async () => {
        const { watchCommand } = await import('./watch/command.ts');
        const { systemRunner } = await import('./watch/run/child.ts');
        const isWindows = process.platform === 'win32';
        const runner = systemRunner(clock, isWindows);
        return watchCommand({
          ...{ terminal: processTerminal(), clock, random: Math.random, onSignal, isWindows, runner },
        });
      },
    },
    {
      name: 'check',
      summary: 'Print which images have moved, and what is newer',
      failureCode: troubleCode,
      load: async () => {
        const { checkCommand } = await import('./check/command.ts');
        const { readInput } = await import('./input.ts');
        onSignal(dieBy);
        const isInputTty = process.stdin.isTTY;
        return checkCommand({ ...(await askingParts()), readInput, isInputTty });
      },
    },
    {
      name: 'tags',
      summary: 'Print the tags of a repository, and what they point at',
      load: async () => (await import('./tags/command.ts')).tagsCommand(await askingParts()),
    },
    {
      name: 'diff',
      summary: 'Compare the tags of two repositories or mirrors, or of one repository then and now',
      failureCode: troubleCode,
      load: async () => (await import('./diff/command.ts')).diffCommand(await askingParts()),
    },
    {
      name: 'publish',
      summary: 'Tell a gateway that a tag moved or is gone',
      load: async () => {
        const { publishCommand } = await import('./publish/command.ts');
        return publishCommand({ terminal: processTerminal() });
      },
    },
    {
      name: 'doctor',
      summary: 'Look for what is wrong with a gateway and the way to it, and say what helps',
      load: async () => {
        const { doctorCommand } = await import('./doctor/command.ts');
        const { headStatus } = await import('../lib/head-status.ts');
        const { fetch } = globalThis;
        return doctorCommand({ terminal: processTerminal(), clock, random: Math.random, fetch, headStatus });
      },
    },
    {
      name: 'targets',
      summary: 'Print how the tools are that a gateway triggers; try one, pause it, go on',
      failureCode: troubleCode,
      load: async () => (await import('./targets/command.ts')).targetsCommand(await askingParts()),
    },
    {
      name: 'config',
      summary: 'Print the resolved configuration, with secrets hidden, or what is wrong with it',
      load: async () => (await import('./config-command.ts')).configCommand,
    },
    {
      name: 'token',
      summary: 'Make an access token, and the entry for the configuration that lets it in',
      load: async () => (await import('./token-command.ts')).tokenCommand(),
    },
    {
      name: 'ledger',
      summary: 'Look at the ledger, back it up, or move it to another one',
      load: async () => {
        const { ledgerCommand } = await import('./ledger-command.ts');
        const { openLedgerTool, restoreLedger } = await import('./ledger-tool.ts');
        return ledgerCommand({ open: openLedgerTool, restore: restoreLedger });
      },
    },
    {
      name: 'hooks',
      summary: 'List the webhooks, or show what a saved delivery would become',
      load: async () => {
        const { hooksCommand } = await import('./hooks-command.ts');
        const { explainDelivery } = await import('../source/webhook/explain.ts');
        const { fetchText } = await import('../lib/fetch-text.ts');
        return hooksCommand((hook, delivery) => explainDelivery(hook, delivery, { clock, fetchText }, true));
      },
    },
  ];
}

/**
 * Ends as without a handler. The read of a named pipe that nobody writes to holds a thread, for which `process.exit`
 * would wait. The kernel waits for none, but spares a container's first process.
 */
function dieBy(signal: StopSignal): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  process.exit(exitCodeOf[signal]);
}

async function askingParts(): Promise<AskingParts> {
  const { askOver } = await import('./asking/gateway.ts');
  return { terminal: processTerminal(), askOver, now: systemClock.now };
}
