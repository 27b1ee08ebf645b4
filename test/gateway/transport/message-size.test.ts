/** PROTOCOL 5: a message from the gateway has at most 16 KiB, whatever is published or asked for. */
import { afterEach, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway.ts';
import { of } from '../../support/stream-client.ts';
import { openWebSocket } from '../../support/websocket-client.ts';

let gateway: Gateway;
afterEach(() => gateway.close());

const maxMessageBytes = 16 * 1024;

/** Of all messages that came. */
async function listen() {
  gateway = await startGateway({ limits: { messagesPerSecond: 1_000 } });
  const client = await openWebSocket(gateway.port);
  let largest = 0;
  client.socket.on('message', (data: Buffer) => {
    largest = Math.max(largest, data.length);
  });
  return { client, largest: () => largest };
}

const host = 'h.test';
const repository = `${host}/${'r'.repeat(254 - host.length)}`;
const tag = 't'.repeat(128);
const sha512 = (digit: string) => `sha512:${digit.repeat(128)}`;
const mediaType = `application/${'m'.repeat(243)}`;

describe('a message from the gateway', () => {
  it.each(['manifeed', 'cloudevents'])('is bounded with the longest names there are: %s', async (format) => {
    const { client, largest } = await listen();
    await client.subscribe({ repository, format }, 'i'.repeat(64));
    await client.inbox.until(of('ready'));
    for (const digit of ['1', '2']) {
      const response = await fetch(`${gateway.url}/v1/hooks/publish`, {
        method: 'POST',
        body: JSON.stringify({
          reference: `${repository}:${tag}`,
          digest: sha512(digit),
          mediaType,
          size: Number.MAX_SAFE_INTEGER,
        }),
      });
      expect(await response.json()).toMatchObject({ changes: 1 });
      await client.inbox.until(of('change'));
    }
    expect(largest()).toBeGreaterThan(900);
    expect(largest()).toBeLessThanOrEqual(maxMessageBytes);
    client.close();
  });

  const long = 'x'.repeat(60_000);
  it.each([
    ['an unknown member', { type: 'subscribe', id: 'a', [long]: 1 }],
    ['an id', { type: 'subscribe', id: long }],
    ['a repository', { type: 'subscribe', id: 'a', repository: [long] }],
    ['a tag', { type: 'subscribe', id: 'a', tag: [long] }],
    ['a range', { type: 'subscribe', id: 'a', tag: [`semver:${long}`] }],
    ['a type', { type: 'subscribe', id: 'a', types: [long] }],
    ['a position', { type: 'subscribe', id: 'a', after: long }],
    ['a time', { type: 'subscribe', id: 'a', since: long }],
    ['a format', { type: 'subscribe', id: 'a', format: long }],
    ['an unsubscribe', { type: 'unsubscribe', id: long }],
    ['characters that JSON escapes', { type: 'subscribe', id: 'a', repository: ['\u0001"'.repeat(9_000)] }],
  ])('is bounded where the client sends %s of 60,000 characters', async (_name, message) => {
    const { client, largest } = await listen();
    client.send(message);
    await client.inbox.until(of('other'));
    expect(largest()).toBeLessThanOrEqual(maxMessageBytes);
    client.close();
  });
});
