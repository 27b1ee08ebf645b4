import { createSign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { HookOptions } from '../../../../../src/source/webhook/kind.ts';
import { maxCertificates, stringToSign } from '../../../../../src/source/webhook/proof/sns.ts';
import { fakeClock } from '../../../../support/fake-clock.ts';
import { hookFor, makeTestServer, readFixture, snsHook } from '../../../../support/webhook.ts';

const pem = (name: string) =>
  readFileSync(new URL(`../../../../fixtures/webhook-sns/${name}.pem`, import.meta.url), 'utf8');
const [key, certificate] = [pem('key'), pem('cert')];
const clock = () => fakeClock(Date.UTC(2027, 0, 1));
const topic = 'arn:aws:sns:eu-west-1:111122223333:ecr-events';
const certificateUrl = 'https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-abc.pem';
const headers = { 'content-type': 'text/plain; charset=UTF-8', 'x-amz-sns-message-type': 'Notification' };

const base = {
  Type: 'Notification' as const,
  MessageId: 'm',
  TopicArn: topic,
  Message: JSON.stringify({
    'detail-type': 'ECR Image Action',
    account: '111122223333',
    region: 'eu-west-1',
    detail: { result: 'SUCCESS', 'action-type': 'PUSH', 'repository-name': 'a', 'image-tag': '1' },
  }),
  Timestamp: '2026-01-15T08:00:02.751Z',
  SignatureVersion: '2' as '1' | '2',
  Signature: '',
  SigningCertURL: certificateUrl,
};
type Message = typeof base & { Subject?: string };

function sign(message: Message): Message {
  const algorithm = message.SignatureVersion === '1' ? 'RSA-SHA1' : 'RSA-SHA256';
  const Signature = createSign(algorithm).update(stringToSign(message)).sign(key, 'base64');
  return { ...message, Signature };
}

const hook: HookOptions = { name: 'ecr', kind: 'ecr', topics: [topic] };

async function makeServer(options: { answer?: () => Promise<string>; hook?: HookOptions } = {}) {
  const fetched: string[] = [];
  const at = clock();
  const server = await makeTestServer([options.hook ?? hook], {
    clock: at,
    fetchText: async (url) => {
      fetched.push(url);
      return options.answer === undefined ? certificate : options.answer();
    },
  });
  const post = async (message: unknown, more: Record<string, string> = {}) => {
    const payload = JSON.stringify(message);
    const url = '/v1/hooks/ecr';
    return (await server.app.inject({ method: 'POST', url, headers: { ...headers, ...more }, payload }))
      .statusCode;
  };
  return { ...server, fetched, post, clock: at };
}

test('SNS signatures of version 1 and 2 verify with the fetched certificate, which is fetched once', async () => {
  const server = await makeServer();
  expect(await server.post(sign(base))).toBe(202);
  expect(await server.post(sign({ ...base, SignatureVersion: '1' }))).toBe(202);
  expect(await server.post(sign({ ...base, Subject: 'with a subject' }))).toBe(202);
  expect(server.fetched).toEqual([certificateUrl]);
  await server.app.close();
});

test('SNS messages with any signed field changed are refused', async () => {
  const server = await makeServer();
  const good = sign(base);
  for (const changed of [
    { ...good, Message: good.Message.replace('"1"', '"2"') },
    { ...good, MessageId: 'n' },
    { ...good, Timestamp: '2026-01-16T08:00:02.751Z' },
    { ...good, Subject: 'new' },
    {
      ...good,
      Type: 'SubscriptionConfirmation',
      Token: 't',
      SubscribeURL: 'https://sns.eu-west-1.amazonaws.com/',
    },
    { ...good, SignatureVersion: '1' },
    { ...good, SignatureVersion: '3' },
    { ...good, Signature: 'AAAA' },
    { ...good, Signature: '' },
    {},
  ]) {
    expect(await server.post(changed)).toBe(401);
  }
  expect(server.batches).toEqual([]);
  await server.app.close();
});

test('certificates are fetched from the exact hosts of AWS over https and nowhere else', async () => {
  const server = await makeServer();
  for (const url of [
    'http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-abc.pem',
    'https://sns.eu-west-1.amazonaws.com.evil.test/SimpleNotificationService-abc.pem',
    'https://evil.test/sns.eu-west-1.amazonaws.com/SimpleNotificationService-abc.pem',
    'https://sns.eu-west-1.amazonaws.com@evil.test/SimpleNotificationService-abc.pem',
    'https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-abc.pem',
    'https://sns.eu-west-1.amazonaws.com/../x/SimpleNotificationService-abc.pem',
    'https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-abc.pem?x=.pem',
    'https://s3.eu-west-1.amazonaws.com/SimpleNotificationService-abc.pem',
    'https://sns.evil.amazonaws.com/SimpleNotificationService-abc.pem',
    'https://127.0.0.1/SimpleNotificationService-abc.pem',
    'file:///etc/passwd',
  ]) {
    expect(await server.post(sign({ ...base, SigningCertURL: url }))).toBe(401);
  }
  expect(server.fetched).toEqual([]);
  await server.app.close();
});

test('a message larger than any of SNS is not parsed', async () => {
  const server = await makeServer();
  expect(await server.post(sign({ ...base, Message: `${base.Message}${' '.repeat(700_000)}` }))).toBe(401);
  expect(server.fetched).toEqual([]);
  await server.app.close();
});

test('a topic that is not listed is refused before anything is fetched', async () => {
  const server = await makeServer();
  expect(await server.post(sign({ ...base, TopicArn: `${topic}-2` }))).toBe(401);
  expect(server.fetched).toEqual([]);
  await server.app.close();
});

test('an unreachable certificate is a 503, asked for again only a minute later', async () => {
  const server = await makeServer({ answer: () => Promise.reject(new Error('down')) });
  expect(await server.post(sign(base))).toBe(503);
  expect(await server.post(sign(base))).toBe(503);
  expect(server.fetched).toHaveLength(1);
  server.clock.advance(60_001);
  expect(await server.post(sign(base))).toBe(503);
  expect(server.fetched).toHaveLength(2);
  await server.app.close();
});

test('what is no certificate, or one not valid now, verifies nothing', async () => {
  const server = await makeServer({ answer: async () => '<html>' });
  expect(await server.post(sign(base))).toBe(401);
  await server.app.close();
  const late = await makeServer();
  late.clock.setWall(Date.UTC(2200, 0, 1));
  expect(await late.post(sign(base))).toBe(401);
  await late.app.close();
});

test('no more certificates are kept than the bound, whatever URLs are named', async () => {
  const server = await makeServer();
  for (let index = 0; index < maxCertificates + 5; index += 1) {
    const url = certificateUrl.replace('abc', `n${index}`);
    expect(await server.post(sign({ ...base, SigningCertURL: url }))).toBe(
      index < maxCertificates ? 202 : 401,
    );
  }
  expect(server.fetched).toHaveLength(maxCertificates);
  await server.app.close();
});

test('a hook with topics takes signed SNS messages only, whatever else a sender can show (F7)', async () => {
  const both = await makeServer({ hook: { ...hook, pathToken: 'p4th' } });
  const inject = (url: string, given: Record<string, string>, payload: string) =>
    both.app.inject({ method: 'POST', url, headers: given, payload });
  const raw = { ...headers, 'x-amz-sns-rawdelivery': 'true' };
  expect((await inject('/v1/hooks/ecr/p4th', raw, base.Message)).statusCode).toBe(401);
  // The path token does not stand in for the signature where the header is left out.
  const { 'x-amz-sns-message-type': _, ...bare } = headers;
  expect((await inject('/v1/hooks/ecr/p4th', bare, base.Message)).statusCode).toBe(401);
  expect((await inject('/v1/hooks/ecr/p4th', bare, JSON.stringify(sign(base)))).statusCode).toBe(401);
  expect((await inject('/v1/hooks/ecr', headers, JSON.stringify(sign(base)))).statusCode).toBe(401);
  expect((await inject('/v1/hooks/ecr/p4th', headers, JSON.stringify(sign(base)))).statusCode).toBe(202);
  await both.app.close();
});

test('raw delivery, which has no signature, is taken by a hook with a path token alone', async () => {
  const server = await makeTestServer([{ name: 'ecr', kind: 'ecr', pathToken: 'p4th' }]);
  const raw = { ...headers, 'x-amz-sns-rawdelivery': 'true' };
  const inject = (url: string) =>
    server.app.inject({ method: 'POST', url, headers: raw, payload: base.Message });
  expect((await inject('/v1/hooks/ecr')).statusCode).toBe(401);
  expect((await inject('/v1/hooks/ecr/p4th')).statusCode).toBe(202);
  await server.app.close();
});

test('EventBridge to a hook with topics is refused, and to one with a token needs it', async () => {
  const server = await makeTestServer([hook, { ...hookFor('ecr'), name: 'token' }]);
  const { body, headers: sent } = readFixture('ecr/eventbridge-push');
  const post = (url: string, given: Record<string, string>) =>
    server.app.inject({ method: 'POST', url, headers: given, payload: body });
  expect((await post('/v1/hooks/ecr', sent)).statusCode).toBe(401);
  expect((await post('/v1/hooks/token', sent)).statusCode).toBe(202);
  expect((await post('/v1/hooks/token', { ...sent, 'x-api-key': 'x' })).statusCode).toBe(401);
  await server.app.close();
});

test('an SNS header stands in for no token (F7)', async () => {
  const server = await makeTestServer([hookFor('ecr')]);
  const post = (given: Record<string, string>) =>
    server.app.inject({
      method: 'POST',
      url: '/v1/hooks/ecr',
      headers: given,
      payload: JSON.stringify(sign(base)),
    });
  expect((await post(headers)).statusCode).toBe(401);
  await server.app.close();
});

test('a signed confirmation of a listed topic is confirmed before it is acknowledged', async () => {
  const { body, headers: sent } = readFixture('ecr/sns-subscription-confirmation');
  const followed: string[] = [];
  let isUp = false;
  const server = await makeTestServer([snsHook], {
    fetchText: async (url) => {
      if (!isUp) throw new Error('down');
      followed.push(url);
      return '<ConfirmSubscriptionResponse/>';
    },
  });
  const post = () =>
    server.app.inject({ method: 'POST', url: '/v1/hooks/ecr', headers: sent, payload: body });
  expect((await post()).statusCode).toBe(503);
  isUp = true;
  expect((await post()).statusCode).toBe(200);
  expect(followed).toEqual([expect.stringContaining('Action=ConfirmSubscription&TopicArn=')]);
  await server.app.close();
});

test('a confirmation that was not verified by a listed topic is never followed', async () => {
  const { body, headers: sent } = readFixture('ecr/sns-subscription-confirmation');
  const open: HookOptions = { name: 'ecr', kind: 'ecr', verify: 'none' };
  const server = await makeTestServer([open], {
    fetchText: () => Promise.reject(new Error('must not be asked')),
  });
  const answer = await server.app.inject({
    method: 'POST',
    url: '/v1/hooks/ecr',
    headers: sent,
    payload: body,
  });
  expect(answer.json()).toMatchObject({ accepted: 0, changes: 0, ignored: { 'unconfirmed-topic': 1 } });
  await server.app.close();
});
