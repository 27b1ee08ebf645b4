/** Standard Webhooks 1.0 (https://www.standardwebhooks.com): any receiver that verifies a signature. */
import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { list, secretUrl, text } from '../../config/settings/values.ts';
import type { HttpAnswer, HttpRequest } from '../call/http.ts';
import { retryLater, saying } from '../judgement.ts';
import { type ChangeDelivery, type Kind, pushTypes, type ResetDelivery, type Verdict } from '../kind.ts';
import { showRequest } from '../requests.ts';

const secretRule = 'whsec_ and 24 to 64 bytes as base64';
const grammar = /^whsec_(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** "Signature scheme", symmetric. */
function signingSecret() {
  const fits = (secret: string) => bytesOf(secret).length >= 24 && bytesOf(secret).length <= 64;
  return text(secretRule, grammar)
    .refine(fits, { error: `must be ${secretRule}` })
    .meta({ secret: true });
}

function bytesOf(secret: string): Buffer {
  return Buffer.from(secret.slice('whsec_'.length), 'base64');
}

/** During a rotation: the new one and the old one. */
const maxSecrets = 2;

const members = z.strictObject({
  url: secretUrl().describe('The complete URL for the POST'),
  secret: z
    .union(
      [signingSecret(), list(signingSecret(), 'secrets', maxSecrets).min(1, { error: 'must have one' })],
      {
        error: `must be ${secretRule}, or a list of at most ${maxSecrets} of these`,
      },
    )
    .meta({ secret: true })
    .describe(
      'Key of the signature, `whsec_` and base64; two of them while you change it: each message has both signatures',
    ),
});

type Settings = z.output<typeof members>;

/**
 * A message `{type, timestamp, data}` with its signature. `timestamp` in the body is that of the change, so that all
 * attempts have the same body; the one in the header is the attempt's.
 */
export function request(delivery: ChangeDelivery | ResetDelivery, { url, secret }: Settings): HttpRequest {
  const { id, nowMs } = delivery;
  const body = JSON.stringify(messageOf(delivery));
  const timestamp = String(Math.floor(nowMs / 1000));
  const secrets = typeof secret === 'string' ? [secret] : secret;
  const signatures = secrets.map((each) => `v1,${sign(each, `${id}.${timestamp}.${body}`)}`);
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  };
  return { method: 'POST', url, headers, body };
}

function messageOf(delivery: ChangeDelivery | ResetDelivery) {
  if (delivery.kind === 'reset') {
    const { reason, position, floor, atMs } = delivery;
    return { type: 'reset', timestamp: new Date(atMs).toISOString(), data: { reason, position, floor } };
  }
  const { change } = delivery;
  const type = delivery.kind === 'test' ? 'test' : change.type;
  return { type, timestamp: change.recordedAt, data: change };
}

function sign(secret: string, content: string): string {
  return createHmac('sha256', bytesOf(secret)).update(content).digest('base64');
}

/** "Operational considerations": any 2xx is success, 410 disables the endpoint, all else is tried again. */
export function judge(answer: HttpAnswer, nowMs: number): Verdict {
  if (answer.status >= 200 && answer.status < 300) return { kind: 'accepted' };
  return answer.status === 410 ? { kind: 'stop', why: saying(answer) } : retryLater(answer, nowMs);
}

export const webhook: Kind<Settings> = {
  name: 'webhook',
  members,
  defaults: {
    timeoutMs: 20_000,
    coalesceMs: null,
    concurrency: 4,
    types: pushTypes,
  },
  deletes: true,
  replays: true,
  needsReference: false,
  async deliver(delivery, settings, reach) {
    return judge(await reach.http(request(delivery, settings)), delivery.nowMs);
  },
  async reset(delivery, settings, reach) {
    return judge(await reach.http(request(delivery, settings)), delivery.nowMs);
  },
  describe: (delivery, settings) => showRequest(request(delivery, settings)),
};
