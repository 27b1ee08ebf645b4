import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { judge, request, webhook } from '../../../../src/target/kinds/webhook.ts';
import { answer, delivery, resetDelivery, scriptedReach } from '../../../support/target-samples.ts';

const secretOf = (fill: number, bytes = 24) => `whsec_${Buffer.alloc(bytes, fill).toString('base64')}`;
const url = 'https://ci.example.com/hook/of/a?team=1';
const settings = { url, secret: secretOf(1) };

/** As a receiver verifies, with its own clock at the attempt's time. */
function verify(secret: string, { headers, body }: ReturnType<typeof request>): unknown {
  const webhookOf = new Webhook(secret);
  const at = new Date(Number(headers['webhook-timestamp']) * 1000);
  const signature = webhookOf.sign(headers['webhook-id'] ?? '', at, body ?? '');
  if (!headers['webhook-signature']?.split(' ').includes(signature)) throw new Error('not signed by this');
  return JSON.parse(body ?? '');
}

describe('a webhook', () => {
  it('posts a message that the reference library verifies', () => {
    const now = { nowMs: Date.now() };
    const { method, url: to, headers, body } = request(delivery({}, now), settings);
    expect({ method, to }).toEqual({ method: 'POST', to: url });
    expect(headers['content-type']).toBe('application/json');
    const message = new Webhook(settings.secret).verify(body ?? '', { ...headers });
    const { change } = delivery();
    expect(message).toEqual({ type: 'tag.updated', timestamp: change.recordedAt, data: change });
    expect(() => new Webhook(secretOf(2)).verify(body ?? '', { ...headers })).toThrow(/signature/i);
  });

  it('signs with both secrets while one is being changed', () => {
    const sent = request(delivery(), { url, secret: [secretOf(3), secretOf(4, 64)] });
    expect(sent.headers['webhook-signature']?.split(' ')).toHaveLength(2);
    for (const secret of [secretOf(3), secretOf(4, 64)])
      expect(verify(secret, sent)).toMatchObject({ type: 'tag.updated' });
    expect(() => verify(secretOf(5), sent)).toThrow();
  });

  it('has the same id and body over all attempts, and the time of each', () => {
    const first = request(delivery({}, { attempt: 1, nowMs: 1_700_000_000_900 }), settings);
    const second = request(delivery({}, { attempt: 2, nowMs: 1_700_000_060_000 }), settings);
    expect(second.body).toBe(first.body);
    expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
    expect(first.headers['webhook-timestamp']).toBe('1700000000');
    expect(second.headers['webhook-timestamp']).toBe('1700000060');
  });

  it('marks a test, and tells of a reset', async () => {
    const test = request(delivery({}, { kind: 'test' }), settings);
    expect(JSON.parse(test.body ?? '')).toMatchObject({ type: 'test', data: { tag: '1.27' } });
    const reach = scriptedReach(answer(204));
    expect(await webhook.reset?.(resetDelivery(), settings, reach)).toEqual({ kind: 'accepted' });
    expect(JSON.parse(reach.sent[0]?.body ?? '')).toEqual({
      type: 'reset',
      timestamp: '2026-06-01T09:00:00.000Z',
      data: { reason: 'epoch', position: 'bcdefghi-12', floor: 'bcdefghi-0' },
    });
  });

  it.each([
    [200, 'accepted'],
    [204, 'accepted'],
    [299, 'accepted'],
    [301, 'retry'],
    [302, 'retry'],
    [400, 'retry'],
    [404, 'retry'],
    [410, 'stop'],
    [429, 'retry'],
    [500, 'retry'],
    [502, 'retry'],
    [504, 'retry'],
  ])('takes status %i as %s', (status, kind) => {
    expect(judge(answer(status, 'so it is'), 0).kind).toBe(kind);
  });

  it('comes back when the receiver says', () => {
    expect(judge(answer(429, 'slow down', { 'retry-after': '17' }), 0)).toEqual({
      kind: 'retry',
      why: 'status 429: slow down',
      afterMs: 17_000,
    });
  });

  it('sends what a dry run shows', async () => {
    const reach = scriptedReach(answer(200));
    await webhook.deliver(delivery(), settings, reach);
    const shown = webhook.describe(delivery(), settings);
    expect(shown).toContain(`POST ${url}\n`);
    expect(shown).toContain(reach.sent[0]?.headers['webhook-signature']);
    expect(shown.endsWith(`\n\n${reach.sent[0]?.body}`)).toBe(true);
  });

  it.each([
    secretOf(1, 23),
    secretOf(1, 65),
    'whsec_',
    `whsec_${'x'.repeat(33)}`,
    Buffer.alloc(24).toString('base64'),
  ])('refuses the secret %j', (secret) => {
    expect(webhook.members.safeParse({ url, secret }).success).toBe(false);
  });

  it.each([24, 25, 26, 32, 63, 64])('takes a secret of %i bytes', (bytes) => {
    expect(webhook.members.safeParse({ url, secret: secretOf(7, bytes) }).success).toBe(true);
  });
});
