/** Why a registry gave no answer: caused for real, and told in words with what is needed. */
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer, type ServerOptions } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import { networkCauseIn } from '../../../src/lib/network-causes.ts';
import { createExchange } from '../../../src/upstream/exchange.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/poll/${name}`, import.meta.url), 'utf8');
const key = fixture('localhost.key.pem');

let server: Server | undefined;
const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  server?.close();
});

async function listening(started: Server): Promise<number> {
  server = started;
  started.on('connection', (socket: Socket) => sockets.add(socket));
  started.listen(0, '127.0.0.1');
  await new Promise((resolve) => started.once('listening', resolve));
  return (started.address() as AddressInfo).port;
}

const tls = (certificate: string, more: ServerOptions = {}) =>
  listening(
    createHttpsServer({ key, cert: fixture(certificate), ...more }, (_request, response) => response.end()),
  );
const tcp = (talk: (socket: Socket) => void) =>
  listening(
    createTcpServer((socket) => {
      socket.on('error', () => {});
      talk(socket);
    }),
  );

/** The message of the failure. @param trusted fixture that is trusted besides the system's */
async function failureAt(url: string, trusted?: string): Promise<string> {
  const exchange = createExchange({
    ...{ connections: 1, clock: systemClock },
    ...(trusted !== undefined && { ca: fixture(trusted) }),
  });
  const asked = { method: 'GET' as const, headers: [], maxBytes: 1_000, timeoutMs: 60_000 };
  try {
    await exchange.send({ ...asked, url: new URL(url), peer: 'own', refusePrivate: false });
    return 'answered';
  } catch (error) {
    expect(error).toMatchObject({ reason: 'network' });
    return error instanceof Error ? error.message : '';
  } finally {
    await exchange.close();
  }
}

it('of a certificate', async () => {
  const port = await tls('localhost.cert.pem');
  const url = `https://127.0.0.1:${port}/v2/`;
  expect(await failureAt(url)).toBe(
    `GET 127.0.0.1:${port}/v2/: its certificate is of an authority that this gateway does not trust ` +
      '(DEPTH_ZERO_SELF_SIGNED_CERT): must be trusted: caFile can name its authority',
  );
  expect(await failureAt(url, 'localhost.cert.pem')).toBe('answered');
});

it.each([
  ['expired', 'expired.cert.pem', 'its certificate has expired (CERT_HAS_EXPIRED): must be valid'],
  [
    'other-name',
    'other-name.cert.pem',
    'its certificate is for another name (ERR_TLS_CERT_ALTNAME_INVALID): must',
  ],
])('of a certificate that is trusted, but %s', async (cause, certificate, text) => {
  const message = await failureAt(`https://127.0.0.1:${await tls(certificate)}/`, certificate);
  expect(message).toContain(text);
  expect(networkCauseIn(message)).toBe(cause);
});

it('of TLS 1.0 alone', async () => {
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  const message = await failureAt(
    `https://127.0.0.1:${await tls('localhost.cert.pem', old)}/`,
    'localhost.cert.pem',
  );
  expect(message).toContain('it speaks only TLS that is too old');
  expect(message).toContain('must speak TLS 1.2 or later');
});

it('of HTTP without TLS where TLS is asked', async () => {
  const port = await listening(createHttpServer((_request, response) => response.end()));
  expect(await failureAt(`https://127.0.0.1:${port}/`)).toContain(
    'it speaks HTTP without TLS (ERR_SSL_WRONG_VERSION_NUMBER): must speak TLS, unless plainHttp is true',
  );
});

it('of TLS where HTTP without it is asked', async () => {
  const port = await tls('localhost.cert.pem');
  expect(await failureAt(`http://127.0.0.1:${port}/`)).toMatch(
    /; if it speaks TLS, plainHttp must be false$/,
  );
});

it('of a port where nothing listens', async () => {
  const port = await tcp(() => {});
  server?.close();
  expect(await failureAt(`https://127.0.0.1:${port}/`)).toContain(
    'nothing listens there (ECONNREFUSED): must be up, at this host and port',
  );
});

it('of a name without an address', async () => {
  expect(await failureAt('https://registry.invalid/')).toMatch(
    /no address is known for its name \((?:ENOTFOUND|EAI_AGAIN)\): must have one: is the host right\?/,
  );
});

it.each([
  ['before the answer', ''],
  ['in the middle of the body', 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"tags":'],
])('of a connection that is cut %s', async (_when, said) => {
  const port = await tcp((socket) => socket.once('data', () => socket.end(said)));
  expect(await failureAt(`http://127.0.0.1:${port}/`)).toContain('it cut the connection (UND_ERR_SOCKET)');
});

it.each([
  ['that is not HTTP', 'SSH-2.0-OpenSSH_9.7\r\n', 'what it says is not HTTP'],
  [
    'with a head of 40,000 bytes',
    `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`,
    'the head of its answer is too large (UND_ERR_HEADERS_OVERFLOW): must be at most 32768 bytes',
  ],
])('of an answer %s', async (_what, said, text) => {
  const port = await tcp((socket) => socket.once('data', () => socket.write(said)));
  expect(await failureAt(`http://127.0.0.1:${port}/`)).toContain(text);
});
