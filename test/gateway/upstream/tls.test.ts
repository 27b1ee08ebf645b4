import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import type { Log } from '../../../src/lib/log.ts';
import { noLog } from '../../../src/lib/log.ts';
import type { RegistryOptions } from '../../../src/source/poll/options.ts';
import { createExchange } from '../../../src/upstream/exchange.ts';
import { pollerOf, quickPoll } from '../../support/poll-rig.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/poll/${name}`, import.meta.url), 'utf8');
const digest = `sha256:${'c'.repeat(64)}`;
let server: Server;
let host: string;
beforeAll(async () => {
  const options = { key: fixture('localhost.key.pem'), cert: fixture('localhost.cert.pem') };
  server = createServer(options, (_request, response) => {
    response.writeHead(200, { 'docker-content-digest': digest }).end();
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function head(more: Partial<RegistryOptions>, log: Log = noLog): Promise<unknown> {
  const poller = pollerOf({
    registries: [{ host, poll: quickPoll, ...more }],
    log,
  });
  try {
    return await poller.head(host, 'team/app', '1.0');
  } finally {
    await poller.close();
  }
}

it('refuses a certificate that nobody vouches for', async () => {
  expect(await head({})).toBe('unreachable');
});

it("trusts the configured certificates besides the system's", async () => {
  expect(await head({ ca: fixture('localhost.cert.pem') })).toMatchObject({ digest });
});

it('skips the verification only where told to, and says so loudly', async () => {
  const warnings: string[] = [];
  const log = { ...noLog, warn: (_fields: object, message: string) => void warnings.push(message) };
  expect(await head({ insecureSkipVerify: true }, log)).toMatchObject({ digest });
  expect(warnings).toEqual([expect.stringContaining('NOT verified')]);
});

it('never falls back to plain HTTP, and says which setting allows it', async () => {
  const seen: string[] = [];
  const plain = (await import('node:http')).createServer((request, response) => {
    seen.push(request.url ?? '');
    response.end();
  });
  plain.listen(0, '127.0.0.1');
  await new Promise((resolve) => plain.once('listening', resolve));
  const port = (plain.address() as AddressInfo).port;
  const poller = pollerOf({
    registries: [{ host: `127.0.0.1:${port}`, poll: quickPoll }],
  });
  expect(await poller.head(`127.0.0.1:${port}`, 'team/app', '1.0')).toBe('unreachable');
  expect(seen).toEqual([]);
  const exchange = createExchange({ connections: 1, clock: systemClock });
  const asked = { method: 'GET' as const, headers: [], maxBytes: 1_000, timeoutMs: 60_000 };
  const url = new URL(`https://127.0.0.1:${port}/v2/`);
  await expect(exchange.send({ ...asked, url, peer: 'own', refusePrivate: false })).rejects.toThrow(
    `GET 127.0.0.1:${port}/v2/: it speaks HTTP without TLS (ERR_SSL_WRONG_VERSION_NUMBER): must speak TLS, unless plainHttp is true`,
  );
  await exchange.close();
  await poller.close();
  plain.close();
});
