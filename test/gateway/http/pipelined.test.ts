/** What comes behind a request for a stream in the same packet. */
import { afterEach, describe, expect, it } from 'vitest';
import { digest, type Gateway, startGateway } from '../../support/gateway.ts';
import { openRaw } from '../../support/raw-http.ts';

let gateway: Gateway;
afterEach(() => gateway.close());

const body = JSON.stringify({ reference: 'r.test/app:1', digest: digest('1') });
const post =
  'POST /v1/hooks/publish HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
  `Content-Length: ${body.length}\r\n\r\n${body}`;

describe('a POST behind a request for a stream', () => {
  it('is answered, and the stream is refused, since it would take the connection for itself', async () => {
    gateway = await startGateway();
    const connection = await openRaw(gateway.port);
    connection.send(`GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n${post}`);
    const answers = await connection.until('"changes":1');
    connection.close();
    const [first = '', second = ''] = answers.split(/(?=HTTP\/1\.1 202)/);
    expect(first).toMatch(/^HTTP\/1\.1 400 .*"REQUEST_INVALID".*must be the last one/s);
    expect(second).toMatch(/^HTTP\/1\.1 202 /);
  });

  it('is answered too where its body comes later', async () => {
    gateway = await startGateway();
    const connection = await openRaw(gateway.port);
    connection.send(`GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n${post.slice(0, -5)}`);
    await connection.until('"REQUEST_INVALID"');
    connection.send(post.slice(-5));
    await connection.until('"changes":1');
    connection.close();
  });

  it('is no request at all behind a WebSocket handshake', async () => {
    gateway = await startGateway();
    const connection = await openRaw(gateway.port);
    connection.send(
      'GET /v1/socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n${post}`,
    );
    expect(await connection.ended()).toMatch(/^HTTP\/1\.1 101 /);
    expect(await gateway.metric(/^manifeed_changes_total/)).toBe(0);
  });
});
