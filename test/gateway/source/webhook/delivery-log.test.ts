import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noLog } from '../../../../src/lib/log.ts';
import { RareLog } from '../../../../src/lib/rare-log.ts';
import { logRefusal, refusalLogIntervalMs } from '../../../../src/source/webhook/intake.ts';
import type { HookOptions } from '../../../../src/source/webhook/kind.ts';
import {
  DeliveryLog,
  maxDeliveries,
  maxKeptBodyBytes,
  maxKeptBytes,
  maxUnverified,
} from '../../../../src/source/webhook/log/deliveries.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { digest, type Gateway, startGateway } from '../../../support/gateway.ts';
import { noon, readFixture, resign, secret, standingClock } from '../../../support/webhook.ts';

const tally = { accepted: 1, changes: 1, pending: 0, unchanged: 0, ignored: {} };
const hook: HookOptions = { name: 'h', kind: 'manifeed', pathToken: 's3cret', token: 's3cret' };
const sent = { address: '192.0.2.1', status: 202, bytes: 10 };
const refusal = {
  address: '192.0.2.1',
  status: 400,
  code: 'BODY_INVALID',
  reason: 'bad',
  bytes: 3,
  result: 'refused' as const,
};

interface HookAnswer {
  readonly name: string;
  readonly counts: object;
  readonly deliveries: readonly { readonly result: string; readonly code: string | null }[];
  readonly unverified: readonly object[];
  readonly savedDelivery: { readonly url: string } | null;
}
interface Answer {
  readonly hooks: readonly HookAnswer[];
  readonly unknownNames: object;
  readonly savedDelivery: { readonly body: string };
}

/** As JSON, the way an operator gets it. */
function described(log: DeliveryLog) {
  const text = JSON.stringify(log.describe());
  expect(text).not.toContain('s3cret');
  return JSON.parse(text).hooks;
}

describe('the record of deliveries', () => {
  test('keeps the last of each hook, newest first, and counts all', () => {
    const log = new DeliveryLog([hook], standingClock);
    for (let bytes = 1; bytes <= maxDeliveries + 5; bytes += 1) log.accepted('h', { ...sent, bytes }, tally);
    const [{ counts, deliveries, url }] = described(log);
    expect(url).toBe('/v1/hooks/h/***');
    expect(counts).toEqual({ accepted: maxDeliveries + 5, refused: 0, unverified: 0 });
    expect(deliveries).toHaveLength(maxDeliveries);
    expect(deliveries[0]).toEqual({
      ...{ at: new Date(noon).toISOString(), address: '192.0.2.1', status: 202, bytes: maxDeliveries + 5 },
      ...{ result: 'changed', code: null, reason: null, ...tally },
    });
  });

  test('tells changed, pending, unchanged and ignored apart', () => {
    const log = new DeliveryLog([hook], standingClock);
    for (const [changes, pending, unchanged] of [
      [0, 0, 0],
      [0, 0, 1],
      [0, 1, 1],
      [1, 1, 1],
    ] as const) {
      log.accepted('h', sent, { ...tally, changes, pending, unchanged });
    }
    const [{ deliveries }] = described(log);
    expect(deliveries.map(({ result }: { result: string }) => result)).toEqual([
      'changed',
      'pending',
      'unchanged',
      'ignored',
    ]);
  });

  test('lets strangers push out no real delivery, and keeps nothing of theirs', () => {
    const log = new DeliveryLog([hook], standingClock);
    log.accepted('h', sent, tally);
    for (let count = 0; count < 1_000; count += 1) log.refused('h', { ...refusal, delivery: null });
    const [{ counts, deliveries, unverified, savedDelivery }] = described(log);
    expect(counts).toEqual({ accepted: 1, refused: 0, unverified: 1_000 });
    expect([deliveries.length, unverified.length]).toEqual([1, maxUnverified]);
    expect([savedDelivery, log.saved('h')]).toEqual([null, null]);
  });

  test('keeps the last refused body up to 64 KiB, with the headers that say how to read it', () => {
    const log = new DeliveryLog([hook], standingClock);
    const headers = {
      'content-type': 'text/json',
      'x-github-event': 'package',
      authorization: 's3cret',
      'x-hub-signature-256': 's3cret',
    };
    const keep = (body: Buffer) => log.refused('h', { ...refusal, delivery: { body, headers } });
    keep(Buffer.from('{"a":'));
    keep(Buffer.alloc(maxKeptBodyBytes + 1));
    expect(log.saved('h')).toEqual({
      ...{
        hook: 'h',
        at: new Date(noon).toISOString(),
        address: '192.0.2.1',
        code: 'BODY_INVALID',
        reason: 'bad',
      },
      ...{
        headers: { 'content-type': 'text/json', 'x-github-event': 'package' },
        encoding: 'utf8',
        body: '{"a":',
      },
    });
    keep(Buffer.from([0xff, 0x00]));
    expect(log.saved('h')).toMatchObject({ encoding: 'base64', body: '/wA=' });
  });

  test('keeps no more bodies than the bound for all hooks, and drops the oldest', () => {
    const hooks = Array.from({ length: 80 }, (_, index) => ({ ...hook, name: `h${index}` }));
    const log = new DeliveryLog(hooks, standingClock);
    const body = Buffer.alloc(maxKeptBodyBytes, 0x20);
    for (const { name } of hooks) log.refused(name, { ...refusal, delivery: { body, headers: {} } });
    const kept = hooks.filter(({ name }) => log.saved(name) !== null).map(({ name }) => name);
    expect(kept).toHaveLength(maxKeptBytes / maxKeptBodyBytes);
    expect([kept[0], kept.at(-1)]).toEqual(['h16', 'h79']);
  });
});

describe('GET /v1/hooks', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway({
      webhooks: [
        { name: 'signed', kind: 'ghcr', secret },
        { name: 'token', kind: 'manifeed', token: 't0ken' },
        { name: 'open', kind: 'manifeed', verify: 'none' },
        { name: 'noisy', kind: 'ghcr', secret },
        { name: 'chatty', kind: 'manifeed', verify: 'none' },
      ],
    });
  });
  afterAll(() => gateway.close());

  const post = async (name: string, body: string | Buffer, headers: Record<string, string>) =>
    fetch(`${gateway.url}/v1/hooks/${name}`, { method: 'POST', body, headers });
  const json = { 'content-type': 'application/json' };
  const get = async (query = ''): Promise<Answer> => {
    const answer: Answer = JSON.parse(await (await fetch(`${gateway.url}/v1/hooks${query}`)).text());
    return answer;
  };
  const hookNamed = async (name: string): Promise<HookAnswer> => {
    const found = (await get()).hooks.find((each) => each.name === name);
    if (found === undefined) throw new Error(name);
    return found;
  };

  test('tells what came, from where, and why it was refused; the answer tells nothing new from coming', async () => {
    const authorization = 't0ken';
    const known = JSON.stringify({ reference: 'r.test/a:1', digest: digest('a') });
    const first = await post('token', known, { ...json, authorization });
    expect(await first.json()).toEqual({ accepted: 1, changes: 1, pending: 0, unchanged: 0, ignored: {} });
    const again = await post('token', known, { ...json, authorization });
    expect(await again.json()).toEqual({ accepted: 1, changes: 0, pending: 0, unchanged: 1, ignored: {} });
    const bare = await post('token', '{"reference":"r.test/a:2"}', { ...json, authorization });
    expect(await bare.json()).toEqual({ accepted: 1, changes: 0, pending: 1, unchanged: 0, ignored: {} });
    await post('token', '{"reference":', { ...json, authorization });
    await post('token', known, { ...json, authorization: 'wrong' });
    await post('token', known, { 'content-type': 'text/xml', authorization });
    const { counts, deliveries, unverified, savedDelivery } = await hookNamed('token');
    expect(counts).toEqual({ accepted: 3, refused: 2, unverified: 1 });
    const results = deliveries.map(({ result, code }) => code ?? result);
    expect(results).toEqual(['UNSUPPORTED_MEDIA_TYPE', 'BODY_INVALID', 'pending', 'unchanged', 'changed']);
    expect(deliveries[1]).toMatchObject({
      ...{ address: '127.0.0.1', status: 400, bytes: 13 },
      reason: 'read webhook body: 13 bytes that are no complete JSON: must be one JSON text',
    });
    expect(unverified).toMatchObject([{ status: 401, code: 'UNAUTHORIZED', bytes: 0 }]);
    expect(savedDelivery?.url).toBe('/v1/hooks?saved=token');
    expect(await get('?saved=token')).toMatchObject({ savedDelivery: { hook: 'token', body: known } });
  });

  test('keeps a signed body that was refused, and no body that anybody could have sent', async () => {
    const { headers } = readFixture('ghcr/registry-package-published');
    const broken = Buffer.from('{"broken"');
    await post('signed', broken, resign('ghcr', headers, broken));
    expect(await get('?saved=signed')).toMatchObject({
      savedDelivery: { body: '{"broken"', code: 'BODY_INVALID' },
    });
    const forged = Buffer.from('{"forged"');
    await post('signed', forged, resign('ghcr', headers, broken));
    await post('open', '{"stranger"', json);
    expect(JSON.stringify(await get())).not.toMatch(/forged|stranger/);
    expect((await get('?saved=signed')).savedDelivery.body).toBe('{"broken"');
    expect((await fetch(`${gateway.url}/v1/hooks?saved=open`)).status).toBe(404);
    expect(await hookNamed('open')).toMatchObject({
      verify: 'none',
      counts: { unverified: 1 },
      savedDelivery: null,
    });
  });

  test('counts deliveries to names that are not configured, and keeps no such name', async () => {
    await post('n0body', '{}', json);
    const all = await get();
    expect(all.unknownNames).toEqual({ count: 1, last: { at: expect.any(String), address: '127.0.0.1' } });
    expect(JSON.stringify(all)).not.toContain('n0body');
  });

  test('wants a token that may administer', async () => {
    const entry = (name: string, admin: boolean) => ({
      ...{ name, admin, repositories: ['**'] },
      sha256: createHash('sha256').update(name).digest('hex'),
    });
    const guarded = await startGateway({ access: [entry('reader', false), entry('boss', true)] });
    const status = async (token?: string) =>
      (
        await fetch(`${guarded.url}/v1/hooks`, {
          headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        })
      ).status;
    expect([await status(), await status('reader'), await status('boss')]).toEqual([401, 403, 200]);
    await guarded.close();
  });

  test('bad deliveries leave a line each in the log, with hook, address and reason, and repetitions none', async () => {
    const wellFormed = { 'content-type': 'text/xml', 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` };
    for (let count = 0; count < 3; count += 1) {
      await post('noisy', '{}', json);
      await post('noisy', '{}', wellFormed);
      await post('chatty', '[{"reference":"s3cret value"}]', json);
    }
    const lines = gateway
      .logs()
      .split('\n')
      .filter((line) => /webhook delivery refused/.test(line) && /noisy|chatty/.test(line))
      .map((line): Record<string, string> => JSON.parse(line));
    expect(lines.map(({ hook: name, code, address }) => [name, code, address])).toEqual([
      ['noisy', 'UNAUTHORIZED', '127.0.0.1'],
      ['noisy', 'UNSUPPORTED_MEDIA_TYPE', '127.0.0.1'],
      ['chatty', 'PARAMETER_INVALID', '127.0.0.1'],
    ]);
    const reasons = ['must carry what the hook expects', 'content type', '[0].reference'];
    expect(lines.map(({ reason }) => reason)).toEqual(reasons.map((part) => expect.stringContaining(part)));
    expect(JSON.stringify(lines)).not.toContain('s3cret');
  });
});

test('a logged refusal says how many it stands for', () => {
  const lines: object[] = [];
  const clock = fakeClock();
  const log = { ...noLog, warn: (fields: object) => lines.push(fields) };
  const refusals = new RareLog(log, clock, refusalLogIntervalMs);
  const refuse = () =>
    logRefusal(refusals, { name: 'h', kind: 'ghcr' }, '192.0.2.1', 'invalid', new Error('x'));
  for (let count = 0; count < 100; count += 1) refuse();
  expect(lines).toHaveLength(1);
  clock.advance(refusalLogIntervalMs);
  refuse();
  expect(lines).toMatchObject([
    { hook: 'h', code: 'INTERNAL' },
    { hook: 'h', suppressed: 99 },
  ]);
});
