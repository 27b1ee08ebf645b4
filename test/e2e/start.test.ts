/** The first minute: what README says, as written, and what a start that cannot be says instead. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { type Child, endGroup, startChild } from '../support/child.ts';
import { freePort } from '../support/free-port.ts';
import { type GatewayProcess, spawnGateway } from '../support/gateway.ts';
import { patienceMs } from '../support/inbox.ts';

let gateway: GatewayProcess | null = null;
const children: Child[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) await child.stop('SIGKILL');
  await gateway?.stop('SIGKILL');
  gateway = null;
});

/** Runs a shell command. */
function shell(command: string): Child {
  const child = startChild('sh', ['-c', command]);
  children.push(child);
  return child;
}

describe('npm start', () => {
  it('ends with its gateway when it is told to end', async () => {
    const port = await freePort();
    const args = ['start', '--', '--listen', `127.0.0.1:${port}`, '--ledger', 'memory:'];
    // A group of its own, so that nothing is left where this fails.
    const npm = startChild('npm', args, { detached: true });
    const healthy = () =>
      fetch(`http://127.0.0.1:${port}/healthz`)
        .then(({ ok }) => ok)
        .catch(() => false);
    try {
      await npm.until('the gateway to serve', healthy, patienceMs * 2);
      const exited = once(npm.process, 'exit');
      npm.process.kill('SIGTERM');
      await exited;
      expect(await healthy()).toBe(false);
    } finally {
      endGroup(npm, 'SIGKILL');
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
    const subscriber = shell(`exec ${subscribe}`);
    await subscriber.says('event: ready');
    await shell(`exec ${publish}`).says('"changes":1');
    await subscriber.says(
      '"type":"tag.created","registry":"docker.io","repository":"library/nginx","tag":"1.27"',
    );
  });

  it('prints where it listens and commands that work', async () => {
    gateway = await spawnGateway({ settings: { webhooks: undefined } });
    await gateway.says('publish:');
    expect(gateway.output()).toContain(`Manifeed listens on ${gateway.url}`);
    const publish = /publish: +(curl .*)/.exec(gateway.output())?.[1] ?? '';
    await shell(`exec ${publish}`).says('"accepted":1');
  });
});

describe('a command whose reader has enough', () => {
  it('ends without a stack trace', async () => {
    const main = new URL('../../src/main.ts', import.meta.url).pathname;
    const command = `"${process.execPath}" "${main}" config --settings 2>&1 >&3 | cat >&2`;
    const child = shell(`{ ${command}; } 3>&1 | true`);
    await child.ended;
    expect(child.err()).toBe('');
  });
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
  });

  it('names a setting that is wrong and ends with code 2', async () => {
    const error: unknown = await spawnGateway({ settings: { limits: { conections: 5 } } }).catch(
      (reason: unknown) => reason,
    );
    expect(String(error)).toMatch(/exit code 2.*limits\.conections/s);
  });
});
