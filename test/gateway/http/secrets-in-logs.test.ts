/** G15: nothing of a token gets into the log at any level, nor into an answer, however a request is written. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway.ts';
import { openRaw } from '../../support/raw-http.ts';

const longToken = `S3CRET${'x'.repeat(250)}`;
let gateway: Gateway;
let answers = '';

beforeAll(async () => {
  gateway = await startGateway({
    webhooks: [
      { name: 'hub', kind: 'manifeed', pathToken: 'S3CRET-path' },
      { name: 'long', kind: 'manifeed', pathToken: longToken },
      { name: 'other', kind: 'distribution', token: 'S3CRET-token' },
    ],
  });
});
afterAll(() => gateway.close());

/** @returns the status */
async function send(method: string, target: string, headers = ''): Promise<number> {
  const connection = await openRaw(gateway.port);
  const body = method === 'POST' ? '{"reference":"r.test/a:1","a":"S3CRET-body"' : '';
  const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`;
  connection.send(
    `${method} ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n${headers}${length}\r\n${body}`,
  );
  const text = await connection.ended();
  connection.close();
  answers += text;
  return Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]);
}

const targets = [
  '/v1/hooks/hub/S3CRET-path',
  '/v1/hooks/hub/S3CRET-other',
  '/v1/hooks/hub/S3CRET-path/more',
  '/v1/hooks/hub?payload=S3CRET-payload',
  '/v1/hooks/S3CRET-path',
  '/v1/hooks/hub/%53%33CRET-path',
  '/v1/hooks/hub/S3CRET-path%zz',
  '/v1/hooks/hub/%zzS3CRET-path',
  '/v1/%68ooks/hub/S3CRET-path',
  '/v1/%2568ooks/hub/S3CRET-path',
  '/gateway/v1/hooks/hub/S3CRET-path',
  '/v1/hook/hub/S3CRET-path',
  '//v1//hooks//hub//S3CRET-path',
  'http://localhost/v1/hooks/hub/S3CRET-path',
  'HTTP://user:S3CRET-user@localhost/v1/hooks/hub/S3CRET-path',
  'http://localhost/gateway/v1/hooks/hub/S3CRET-path?x=%zz',
  '/v1/events?access_token=S3CRET-query&repository=%zz',
  '/v1/nowhere?access_token=S3CRET-query',
  '/v1/nowhere%zz?access_token=S3CRET-query',
  '/v1/nowhere%3faccess_token=S3CRET-query',
  '/v1/nowhere%3faccess_token%3DS3CRET-query',
  '/v1/nowhere?a=b%26access%5Ftoken=S3CRET-query',
  'http://localhost/v1/nowhere?access_token=S3CRET-query',
  `/v1/hooks/long/${longToken}`,
  `/v1/hooks/long/${longToken}x`,
  `/v1/hooks/long/${'S3CRET'.repeat(100)}`,
];

test('requests that hold tokens in every place and spelling leave nothing of them behind (G15)', async () => {
  for (const target of targets) {
    await send('POST', target);
    await send('GET', target);
    await send('PROPFIND', target);
  }
  await send('POST', '/v1/hooks/other', 'Authorization: Bearer S3CRET-wrong\r\n');
  expect(gateway.logs()).toContain('"level":"debug"');
  expect(
    gateway
      .logs()
      .split('\n')
      .filter((line) => line.includes('S3CRET')),
  ).toEqual([]);
  expect(answers).not.toContain('S3CRET');
});

test('a path token of as many characters as the configuration takes opens its hook', async () => {
  const response = await fetch(`${gateway.url}/v1/hooks/long/${longToken}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ reference: 'r.test/a:1' }),
  });
  expect(response.status).toBe(202);
});
