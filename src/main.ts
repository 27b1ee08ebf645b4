#!/usr/bin/env node
/** The process: commands, signals, exit codes. What a gateway is made of is `app.ts`'s business. */
import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { type App, openApp } from './app.ts';
import { configChecks } from './app-checks.ts';
import { commandsOf } from './app-commands.ts';
import { type Command, type CommandIo, exitCodes } from './cli/command.ts';
import { firstSteps, urlOf } from './cli/first-steps.ts';
import { runCommandLine } from './cli/run.ts';
import { loadConfig, processEnvironment } from './config.ts';

const version = readVersion();

const io: CommandIo = {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  readFile: (path) => readFileSync(path === '-' ? 0 : path),
  env: processEnvironment(),
};

const serve: Command = {
  name: 'serve',
  usage: '[--config FILE] [--listen HOST:PORT] [--ledger URL] [--SETTING VALUE]…',
  summary: 'Run the gateway',
  async run(argv) {
    const config = loadConfig({ argv, checks: configChecks });
    const logger = pino({ level: config.log.level });
    const app = await openApp({ config, version, logger });
    const { host, port } = await app.listen().catch(async (error: unknown) => {
      await app.close();
      throw error;
    });
    logger.info({ url: urlOf(host, port), version, ledger: config.ledger.kind }, 'manifeed is listening');
    io.err(firstSteps(config, { host, port }));
    const code = await untilSignal(app, logger);
    return code;
  },
};

/** The first SIGTERM or SIGINT drains, the second stops at once. */
function untilSignal(app: App, logger: { info(fields: object, message: string): void }): Promise<number> {
  return new Promise((resolve) => {
    const hurry = new AbortController();
    let stopping = false;
    const onSignal = (signal: NodeJS.Signals) => {
      if (stopping) {
        logger.info({ signal }, 'stopping at once');
        hurry.abort();
        // Whatever still hangs must not hold up a second signal.
        setTimeout(() => process.exit(exitCodes.failed), 1_000).unref();
        return;
      }
      stopping = true;
      logger.info({ signal }, 'draining');
      app
        .drain(hurry.signal)
        .then(() => app.close())
        .then(() => resolve(exitCodes.ok));
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

/** Beside this file, built or not, is the package's folder. */
function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : '0';
}

// `manifeed … | head`: a reader that has enough is no failure of ours; whoever waits for the write is told.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return;
  io.err(`manifeed: write standard output: ${error.message}: must be writable`);
  process.exit(exitCodes.failed);
});

process.exitCode = await runCommandLine(process.argv.slice(2), io, {
  version,
  defaultCommand: 'serve',
  commands: [serve, ...commandsOf(configChecks)],
});
