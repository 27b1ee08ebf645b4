/** A `Receiver` of Flux's notification-controller: `generic`, and with a secret `generic-hmac`. */
import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { secret } from '../../config/settings/values.ts';
import type { HttpAnswer, HttpRequest } from '../call/http.ts';
import { judgeStatus, saying } from '../judgement.ts';
import { type ChangeDelivery, type Kind, pushTypes, type ResetDelivery, type Verdict } from '../kind.ts';
import { completeUrl } from '../members.ts';
import { postJson, sending } from '../requests.ts';

const members = z.strictObject({
  url: completeUrl(),
  secret: secret('a secret')
    .optional()
    .describe('Key of the signature: for a Receiver of type `generic-hmac`. Without: `generic`'),
});

type Settings = z.output<typeof members>;

/** An object, because Flux's `resourceFilter` reads nothing else: `req.change.repository`. */
export function request(delivery: ChangeDelivery | ResetDelivery, { url, secret }: Settings): HttpRequest {
  const sent = postJson(url, messageOf(delivery));
  if (secret === undefined) return sent;
  const signature = createHmac('sha256', secret).update(sent.body).digest('hex');
  return { ...sent, headers: { ...sent.headers, 'x-signature': `sha256=${signature}` } };
}

function messageOf(delivery: ChangeDelivery | ResetDelivery) {
  if (delivery.kind !== 'reset') return { change: delivery.change, changes: delivery.changes };
  const { reason, position } = delivery;
  return { change: null, changes: [], reset: { reason, position } };
}

/** After so many attempts a 500 is for good: a fault in a resource or filter does not go away by itself. */
const maxFailures = 5;

export function judge(answer: HttpAnswer, { nowMs, attempt, kind }: ChangeDelivery | ResetDelivery): Verdict {
  const why = saying(answer);
  // Another Service of the same controller takes everything, and does nothing.
  if (answer.status === 202)
    return { kind: 'stop', why: `${why}: url must be that of Service webhook-receiver` };
  // After a reset, a filter that reads the change fails; what it selects polls by itself.
  const most = kind === 'reset' ? 1 : maxFailures;
  if (answer.status === 500 && attempt >= most) return { kind: 'refused', why };
  return judgeStatus(answer, nowMs, { accepted: [200], refused: [400, 413] });
}

export const flux: Kind<Settings> = {
  name: 'flux',
  members,
  defaults: { timeoutMs: 30_000, coalesceMs: 5_000, concurrency: 4, types: pushTypes },
  deletes: false,
  replays: true,
  needsReference: false,
  ...sending(request, judge),
  async reset(delivery, settings, reach) {
    return judge(await reach.http(request(delivery, settings)), delivery);
  },
};
