/** F4: senders who prove nothing, over real sockets and from several addresses of the loopback network. */
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { digest, type Gateway, startGateway } from '../../../support/gateway.ts';
import { readFixture, resign, secret } from '../../../support/webhook.ts';

const maxBytes = 4 * 1024 * 1024;
const sockets: Socket[] = [];
let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway({
    webhooks: [
      { name: 'signed', kind: 'ghcr', secret },
      { name: 'token', kind: 'manifeed', token: 't0ken' },
      { name: 'path', kind: 'manifeed', pathToken: 'p4th' },
      { name: 'basic', kind: 'manifeed', username: 'ci', password: 'w0rd' },
    ],
  });
});
afterAll(() => gateway.close());
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** The answer so far, and the moment it comes. */
interface Stranger {
  readonly socket: Socket;
  readonly answered: Promise<string>;
}

function knock(address: string, head: string): Stranger {
  const socket = connect({ host: '127.0.0.1', port: gateway.port, localAddress: address });
  sockets.push(socket);
  socket.write(head);
  const answered = new Promise<string>((resolve) => {
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      resolve(text);
    });
    socket.on('error', () => resolve(text));
    socket.on('close', () => resolve(text));
  });
  return { socket, answered };
}

/** A head whose sender is told when it was read: the gateway answers `100 Continue`. */
function head(path: string, headers: Record<string, string>): string {
  const lines = Object.entries({
    host: 'localhost',
    expect: '100-continue',
    'content-type': 'application/json',
    'content-length': String(maxBytes),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

const forged = { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` };

async function deliver(): Promise<number[]> {
  const sample = readFixture('ghcr/registry-package-published');
  const signed = await fetch(`${gateway.url}/v1/hooks/signed`, {
    method: 'POST',
    headers: resign('ghcr', sample.headers, sample.body),
    body: sample.body,
  });
  const token = await fetch(`${gateway.url}/v1/hooks/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer t0ken' },
    body: JSON.stringify({ reference: 'r.test/a:1', digest: digest('a') }),
  });
  return [signed.status, token.status];
}

test('a thousand idle uploads of one address, 4 MiB announced, leave the webhooks of others alone', async () => {
  const idle = Array.from({ length: 1_000 }, () => knock('127.0.0.2', head('/v1/hooks/signed', forged)));
  await Promise.all(idle.map(({ answered }) => answered));
  expect(await deliver()).toEqual([202, 202]);
});

test('an address that fills its share of the budget is refused, and nobody else', async () => {
  const almost = Buffer.alloc(maxBytes - 1, 0x20);
  const greedy = Array.from({ length: 40 }, () => knock('127.0.0.3', head('/v1/hooks/signed', forged)));
  await Promise.all(greedy.map(({ answered }) => answered));
  const refused: Promise<string>[] = greedy.map(({ socket }) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    socket.on('data', (bytes) => resolve(bytes.toString('latin1')));
    socket.on('error', () => resolve('reset'));
    socket.write(almost);
    return promise;
  });
  // Eight bodies fit in the share, so at least one of forty is refused; which one is chance.
  expect(
    await Promise.any(
      refused.map(async (answer) => ((await answer).includes(' 503 ') ? true : Promise.reject())),
    ),
  ).toBe(true);
  expect(await deliver()).toEqual([202, 202]);
});

describe('the body of a sender is not read', () => {
  test.each([
    ['without the token', '/v1/hooks/token', {}],
    ['with another token', '/v1/hooks/token', { authorization: 'Bearer other' }],
    ['with another path token', '/v1/hooks/path/other', {}],
    ['with another password', '/v1/hooks/basic', { authorization: 'Basic Y2k6b3RoZXI=' }],
    ['without a signature', '/v1/hooks/signed', {}],
    ['with a signature of the wrong form', '/v1/hooks/signed', { 'x-hub-signature-256': 'sha256=00' }],
  ])('%s: the answer comes before a byte of it was sent', async (_what, path, headers) => {
    const { 'content-type': type } = { 'content-type': 'application/json' };
    const text = head(path, { 'content-type': type, ...headers }).replace('expect: 100-continue\r\n', '');
    const stranger = knock('127.0.0.4', text);
    const answer = await stranger.answered;
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    // Four megabytes more will not be waited for.
    expect(answer.toLowerCase()).toContain('connection: close');
  });
});
