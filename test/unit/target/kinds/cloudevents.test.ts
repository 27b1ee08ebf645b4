import { HTTP } from 'cloudevents';
import { describe, expect, it } from 'vitest';
import { cloudevents, judge, judgeHandshake, request } from '../../../../src/target/kinds/cloudevents.ts';
import { answer, delivery, resetDelivery, scriptedReach } from '../../../support/target-samples.ts';

const url = 'https://events.example.com/in?key=k';
const settings = { url, mode: 'structured', handshake: true } as const;

/** What the reference library reads. */
function parsed(given: ReturnType<typeof request>) {
  return HTTP.toEvent({ headers: given.headers, body: given.body });
}

describe('a CloudEvent', () => {
  it.each(['structured', 'binary'] as const)('that is %s is read by the reference library', (mode) => {
    const sent = request(delivery(), { ...settings, mode });
    expect(parsed(sent)).toMatchObject({
      ...{ specversion: '1.0', id: 'abcdefgh-7', type: 'io.manifeed.tag.updated', subject: '1.27' },
      ...{ source: '//docker.io/library/nginx', time: '2026-06-01T08:00:01.500Z' },
      data: delivery().change,
    });
    expect(sent.headers['content-type']).toMatch(
      mode === 'binary' ? /^application\/json$/ : /^application\/cloudevents\+json/,
    );
  });

  it.each(['structured', 'binary'] as const)('that is %s tells of a test and of a reset', (mode) => {
    const test = parsed(request(delivery({}, { kind: 'test' }), { ...settings, mode }));
    expect(test).toMatchObject({ type: 'io.manifeed.test' });
    expect(parsed(request(resetDelivery(), { ...settings, mode }))).toMatchObject({
      ...{ type: 'io.manifeed.reset', id: 'reset-bcdefghi-12', source: '//manifeed' },
      data: { reason: 'epoch', position: 'bcdefghi-12', floor: 'bcdefghi-0' },
    });
  });

  it('has the digest as subject if there is no tag, and none if there is neither', () => {
    const bare = { type: 'manifest.pushed', tag: null } as const;
    expect(parsed(request(delivery(bare), settings))).toMatchObject({ subject: `sha256:${'a'.repeat(64)}` });
    expect(parsed(request(delivery({ ...bare, digest: null }), settings))).not.toHaveProperty('subject', '');
  });

  it('carries the token', () => {
    expect(request(delivery(), { ...settings, token: 't1' }).headers.authorization).toBe('Bearer t1');
  });

  it.each([
    [200, 'accepted'],
    [201, 'accepted'],
    [202, 'accepted'],
    [204, 'accepted'],
    [203, 'retry'],
    [302, 'retry'],
    [404, 'retry'],
    [410, 'stop'],
    [415, 'stop'],
    [429, 'retry'],
    [500, 'retry'],
  ])('is judged by status %i: %s', (status, kind) => {
    expect(judge(answer(status), 0).kind).toBe(kind);
  });
});

describe('the handshake', () => {
  it.each([
    [answer(200, '', { 'webhook-allowed-origin': '*' }), undefined],
    [answer(200, '', { 'webhook-allowed-origin': 'other, manifeed' }), undefined],
    [answer(200, '', { 'webhook-allowed-origin': 'other.example.com' }), 'stop'],
    [answer(405, 'no such method'), undefined],
    [answer(500), undefined],
    [answer(410), 'stop'],
    [answer(429, '', { 'retry-after': '9' }), 'retry'],
  ])('is judged: %j: %s', (given, kind) => {
    expect(judgeHandshake(given, 0)?.kind).toBe(kind);
  });

  it('comes before the event, and ends it where the tool wants none', async () => {
    const willing = scriptedReach(answer(200, '', { 'webhook-allowed-origin': '*' }), answer(202));
    expect(await cloudevents.deliver(delivery(), settings, willing)).toEqual({ kind: 'accepted' });
    expect(willing.sent.map(({ method }) => method)).toEqual(['OPTIONS', 'POST']);
    expect(willing.sent[0]).toMatchObject({ url, headers: { 'webhook-request-origin': 'manifeed' } });
    const unwilling = scriptedReach(answer(200, '', { 'webhook-allowed-origin': 'them' }));
    expect(await cloudevents.reset?.(resetDelivery(), settings, unwilling)).toMatchObject({ kind: 'stop' });
    expect(unwilling.sent).toHaveLength(1);
  });

  it.each([
    [{ 'webhook-allowed-rate': '120', 'webhook-allowed-origin': '*' }, [500]],
    [{ 'webhook-allowed-rate': ' 1 ' }, [60_000]],
    [{ 'webhook-allowed-rate': '*' }, [0]],
    [{ 'webhook-allowed-origin': '*' }, [0]],
    [{ 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '0' }, [0]],
    [{ 'webhook-allowed-rate': '-5' }, []],
    [{}, []],
  ])('says with %j how often the tool takes an event: %j', async (headers, allowed) => {
    const reach = scriptedReach(answer(200, '', headers as Record<string, string>), answer(202));
    await cloudevents.deliver(delivery(), settings, reach);
    expect(reach.allowed).toEqual(allowed);
    expect(reach.sent[1]?.headers).toMatchObject({ 'webhook-request-origin': 'manifeed' });
  });

  it('can be left out', async () => {
    const reach = scriptedReach(answer(204));
    await cloudevents.deliver(delivery(), { ...settings, handshake: false }, reach);
    expect(reach.sent.map(({ method }) => method)).toEqual(['POST']);
    expect(reach.sent[0]?.headers).not.toHaveProperty('webhook-request-origin');
    expect(cloudevents.describe(delivery(), { ...settings, handshake: false })).toMatch(/^POST /);
    expect(cloudevents.describe(delivery(), settings)).toMatch(/^OPTIONS .*\n[\s\S]*\n\nPOST /);
  });
});
