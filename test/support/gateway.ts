/** A gateway for tests: in this process, or as a real process that can be killed. */
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { createLogger } from '../../src/cli/logger.ts';
import { loadConfig } from '../../src/config/config.ts';
import { type App, type AppOptions, openApp } from '../../src/gateway.ts';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import { type Ended, startChild } from './child.ts';
import { patienceMs } from './inbox.ts';

/** The content of the configuration file as an object, because JSON is YAML. */
export type Settings = Readonly<Record<string, unknown>>;

/** A hook named `publish` that accepts our own JSON from anyone. */
const publishHook = { name: 'publish', kind: 'manifeed', verify: 'none' };

/** Settings that keep waits short. Each test adds its own. */
const base = { listen: '127.0.0.1:0', ledger: 'memory', webhooks: [publishHook], drain: { window: '0s' } };

export interface PublishEntry {
  /** `host/name:tag` */
  readonly reference: string;
  readonly digest?: string;
  readonly mediaType?: string;
  readonly size?: number;
  readonly action?: 'push' | 'delete';
}

export interface Gateway {
  readonly port: number;
  readonly url: string;
  readonly app: App;
  logs(): string;
  /** Publishes through the `publish` hook. Resolves when the gateway has acknowledged it. */
  publish(...entries: readonly PublishEntry[]): Promise<void>;
  metric(line: RegExp): Promise<number>;
  close(): Promise<void>;
}

/**
 * Starts a gateway in this process.
 *
 * @param parts clock, randomness and the dashboard, if a test controls them; open files, if a test limits them
 * @param env what `${VAR}` in the settings stands for
 */
export async function startGateway(
  settings: Settings = {},
  parts: Pick<AppOptions, 'clock' | 'random' | 'openFiles' | 'dashboardFolder'> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<Gateway> {
  const config = loadConfig({
    argv: ['--config', 'test.yaml'],
    env,
    readFile: () => JSON.stringify({ ...base, ...settings }),
  });
  let logged = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged += chunk.toString();
      done();
    },
  });
  const logger = createLogger('trace', stream);
  const app = await openApp({ config, version: '0.0.0-test', logger, ...parts });
  const { port } = await app.listen();
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    app,
    logs: () => logged,
    publish: (...entries) => publish(port, entries),
    metric: (line) => metric(port, line),
    close: () => app.close(),
  };
}

export async function publish(port: number, entries: readonly PublishEntry[]): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/hooks/publish`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(entries),
  });
  const body = await response.text();
  if (response.status !== 202) throw new Error(`publish: ${response.status} ${body.slice(0, 300)}, want 202`);
}

/** The value of the first metric line that matches; 0 if none does. */
export async function metric(port: number, line: RegExp): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const found = text.split('\n').find((each) => !each.startsWith('#') && line.test(each));
  return Number(found?.split(' ').at(-1) ?? 0);
}

/** A clock that ends waits of exactly `delayMs` after `byMs`, for waits that no setting shortens. */
export function hurried(delayMs: number, byMs = 20): Clock {
  return {
    ...systemClock,
    after: (askedMs, run) => systemClock.after(askedMs === delayMs ? byMs : askedMs, run),
  };
}

/** The sha256 digest of a string. */
export function digest(word: string): string {
  return `sha256:${createHash('sha256').update(word).digest('hex')}`;
}

export interface GatewayProcess {
  readonly port: number;
  readonly url: string;
  readonly child: ChildProcess;
  output(): string;
  /** Resolves when the process has ended and all that it said is in `output`. */
  readonly exited: Promise<Ended>;
  /** Waits until the process has said that. Rejects at once if it ends before. */
  says(part: string): Promise<void>;
  /** Sends a signal. Resolves when the process has ended. */
  stop(signal: NodeJS.Signals): Promise<void>;
}

export interface ProcessOptions {
  readonly settings: Settings;
  /** Default: a free one. */
  readonly port?: number;
  /** The failpoint that kills it, and at which hit: `sqlite.after-commit:20` (see failpoints.ts). */
  readonly failpoint?: string;
  /** Default: twice `patienceMs`. */
  readonly startTimeoutMs?: number;
  /** Added to its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

const main = new URL('../../src/main.ts', import.meta.url).pathname;
const failpoints = new URL('./failpoints.ts', import.meta.url).pathname;

/** The environment that arms a failpoint in a process. NODE_OPTIONS reaches its worker threads too. */
export function armed(failpoint: string): Readonly<Record<string, string>> {
  return { FAILPOINT: failpoint, NODE_OPTIONS: `--import ${failpoints}` };
}

/** Resolves when it listens. */
export async function spawnGateway(options: ProcessOptions): Promise<GatewayProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'manifeed-gateway-'));
  const config = join(folder, 'manifeed.yaml');
  const settings = { ...base, ...options.settings, listen: `127.0.0.1:${options.port ?? 0}` };
  writeFileSync(config, JSON.stringify(settings));
  const child = startChild(process.execPath, [main, 'serve', '--config', config], {
    env: {
      PATH: process.env.PATH ?? '',
      NODE_NO_WARNINGS: '1',
      ...(options.failpoint === undefined ? {} : armed(options.failpoint)),
      ...options.env,
    },
  });
  void child.ended.then(() => rmSync(folder, { recursive: true, force: true }));
  let url = '';
  const listens = () => {
    url = /"url":"(http:[^"]+)"/.exec(child.output())?.[1] ?? '';
    return url !== '';
  };
  try {
    await child.until('a gateway to listen', listens, options.startTimeoutMs ?? patienceMs * 2);
  } catch (error) {
    await child.stop('SIGKILL');
    throw error;
  }
  return {
    port: Number(new URL(url).port),
    url,
    child: child.process,
    output: child.output,
    exited: child.ended,
    says: child.says,
    stop: child.stop,
  };
}
