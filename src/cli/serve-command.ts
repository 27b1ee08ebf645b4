import { setImmediate as turn } from 'node:timers/promises';
import { loadConfig } from '../config/config.ts';
import { type App, openApp } from '../gateway.ts';
import { systemClock } from '../lib/clock.ts';
import { within } from '../lib/deadline.ts';
import { type Command, exitCodes, InputError } from './command.ts';
import { drainText } from './drain-text.ts';
import { firstSteps, urlOf } from './first-steps.ts';
import { createLogger } from './logger.ts';
import type { StopSignal, StopSignals } from './stop-signals.ts';

interface ServeOptions {
  readonly version: string;
  readonly signals: StopSignals;
  readonly exit: (code: number) => void;
}

/** How long a start that is asked to stop may take to close what it has opened, ms. */
const abandonMs = 500;
/** After a second signal, how long the gateway may still take to stop, ms. */
const hurryMs = 1_000;

/** `manifeed serve`: runs one gateway from start to end, and handles signals. */
export function serveCommand(options: ServeOptions): Command {
  return {
    usage: '[--config FILE] [--listen HOST:PORT] [--ledger URL] [--SETTING VALUE]…',
    details: ['', '"manifeed config --settings" lists all settings.'],
    async run(argv, io) {
      const config = loadConfig({ argv });
      const logger = createLogger(config.log.level);
      const stop = hearSignals(options, logger);
      const opening = openApp({ config, version: options.version, logger });
      // A signal that came while the code loaded is only delivered in the next turn of the event loop.
      const app = await Promise.race([opening.then((opened) => turn(opened)), stop.asked.then(() => null)]);
      if (app === null) {
        logger.info({ signal: await stop.asked }, 'stopping: the start is called off');
        return abandon(opening, options);
      }
      const { host, port } = await app.listen().catch(async (error: unknown) => {
        await app.close();
        throw isInUse(error) ? inUse(config.listen) : error;
      });
      logger.info(
        { url: urlOf(host, port), version: options.version, ledger: config.ledger.kind },
        'manifeed is listening',
      );
      io.err(firstSteps(config, { host, port }));
      const signal = await stop.asked;
      logger.info({ signal }, drainText(app.subscribers, config.drain.windowMs));
      await app.drain(stop.hurry);
      await app.close();
      return exitCodes.ok;
    },
  };
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

function inUse({ host, port }: { readonly host: string; readonly port: number }): InputError {
  const rule = 'must be free: stop what listens there, or choose another with --listen HOST:PORT';
  return new InputError(`listen on ${urlOf(host, port)}: in use (EADDRINUSE): ${rule}`);
}

/** The first SIGTERM or SIGINT asks to stop, the second to hurry. */
function hearSignals(
  { signals, exit }: ServeOptions,
  logger: { info(fields: object, message: string): void },
): { readonly asked: Promise<StopSignal>; readonly hurry: AbortSignal } {
  const hurry = new AbortController();
  const asked = new Promise<StopSignal>((resolve) => {
    let stopping = false;
    signals.handle((signal) => {
      if (stopping) {
        logger.info({ signal }, 'stopping at once');
        hurry.abort();
        setTimeout(() => exit(exitCodes.failed), hurryMs).unref();
        return;
      }
      stopping = true;
      resolve(signal);
    });
  });
  return { asked, hurry: hurry.signal };
}

/** Ends an unfinished start. Its wait for a dead Redis cannot be cancelled, but ends with the process. */
async function abandon(opening: Promise<App>, { exit }: ServeOptions): Promise<number> {
  const closed = opening.then(
    (app) => app.close().then(() => true),
    () => true,
  );
  const isClosed = await within(
    { clock: systemClock, timeoutMs: abandonMs },
    () => closed,
    () => false,
  );
  if (!isClosed) exit(exitCodes.ok);
  return exitCodes.ok;
}
