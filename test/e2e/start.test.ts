/** The first minute: what README says, as written, and what a start that cannot be says instead. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { type GatewayProcess, spawnGateway } from '../support/gateway.ts';
import { patienceMs } from '../support/inbox.ts';
import { until } from '../support/until.ts';

let gateway: GatewayProcess | null = null;
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await gateway?.stop('SIGKILL');
  gateway = null;
});

/** Runs a shell command; resolves as soon as its output contains `part`. */
function outputOf(command: string, part: string): { readonly until: Promise<string> } {
  const child = spawn('sh', ['-c', `exec ${command}`], { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  let output = '';
  const until = new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`run ${command}: no ${part}: ${output}`)), patienceMs);
    child.stdout?.on('data', (bytes: Buffer) => {
      output += bytes.toString();
      if (!output.includes(part)) return;
      clearTimeout(timer);
      resolve(output);
    });
  });
  return { until };
}

describe('npm start', () => {
  it('ends with its gateway when it is told to end', async () => {
    const port = await freePort();
    const args = ['start', '--', '--listen', `127.0.0.1:${port}`, '--ledger', 'memory:'];
    // A group of its own, so that nothing is left where this fails.
    const npm = spawn('npm', args, { stdio: 'ignore', detached: true });
    const healthy = () =>
      fetch(`http://127.0.0.1:${port}/healthz`)
        .then(({ ok }) => ok)
        .catch(() => false);
    try {
      await until('the gateway to serve', healthy, patienceMs);
      npm.kill('SIGTERM');
      await once(npm, 'exit');
      expect(await healthy()).toBe(false);
    } finally {
      try {
        process.kill(-(npm.pid ?? 0), 'SIGKILL');
      } catch {
        // All of the group has ended.
      }
    }
  });
});

describe("README's first minute", () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const commands = [...readme.matchAll(/^```sh\n(curl .*)\n```$/gm)].map(([, command]) => command ?? '');

  it('works as written: one curl subscribes, one publishes', async () => {
    // Without hooks of its own a gateway on loopback has those that README speaks of.
    gateway = await spawnGateway({ settings: { webhooks: undefined } });
    const { port } = gateway;
    const [subscribe = '', publish = ''] = commands.map((text) =>
      text.replace('127.0.0.1:8080', `127.0.0.1:${port}`),
    );
    expect(subscribe).toMatch(/^curl -N .*\/v1\/events/);
    expect(publish).toMatch(/^curl -d .*\/v1\/hooks\/publish/);
    const subscriber = spawn('sh', ['-c', `exec ${subscribe}`], { stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(subscriber);
    let heard = '';
    const hears = (part: string) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (heard.includes(part)) resolve();
        };
        subscriber.stdout?.on('data', look);
        look();
      });
    subscriber.stdout?.on('data', (bytes: Buffer) => {
      heard += bytes.toString();
    });
    await hears('event: ready');
    await outputOf(publish, '"changes":1').until;
    await hears('"type":"tag.created","registry":"docker.io","repository":"library/nginx","tag":"1.27"');
  }, 60_000);

  it('prints where it listens and commands that work', async () => {
    gateway = await spawnGateway({ settings: { webhooks: undefined } });
    while (!gateway.output().includes('publish:')) {
      await new Promise((resolve) => gateway?.child.stderr?.once('data', resolve));
    }
    expect(gateway.output()).toContain(`Manifeed listens on ${gateway.url}`);
    const publish = /publish: +(curl .*)/.exec(gateway.output())?.[1] ?? '';
    expect(await outputOf(publish, '}').until).toContain('"accepted":1');
  }, 60_000);
});

describe('a command whose reader has enough', () => {
  it('ends without a stack trace', async () => {
    const main = new URL('../../src/main.ts', import.meta.url).pathname;
    const shell = `"${process.execPath}" "${main}" config --settings 2>&1 >&3 | cat >&2`;
    const child = spawn('sh', ['-c', `{ ${shell}; } 3>&1 | true`], { stdio: ['ignore', 'ignore', 'pipe'] });
    children.push(child);
    let said = '';
    child.stderr.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    await once(child, 'close');
    expect(said).toBe('');
  }, 60_000);
});

describe('a start that cannot be', () => {
  it('says that the port is taken and ends with code 1', async () => {
    gateway = await spawnGateway({ settings: {} });
    const error: unknown = await spawnGateway({ port: gateway.port, settings: {} }).catch(
      (reason: unknown) => reason,
    );
    expect(String(error)).toMatch(
      /exit code 1.*listen on http:\/\/127\.0\.0\.1:\d+: in use \(EADDRINUSE\): must be free: .*--listen/s,
    );
  }, 60_000);

  it('names a setting that is wrong and ends with code 2', async () => {
    const error: unknown = await spawnGateway({ settings: { limits: { conections: 5 } } }).catch(
      (reason: unknown) => reason,
    );
    expect(String(error)).toMatch(/exit code 2.*limits\.conections/s);
  }, 60_000);
});
