/** The webhook of Argo CD Image Updater (1.3), as a structured CloudEvent. */
import { z } from 'zod';
import { secret } from '../../config/settings/values.ts';
import type { HttpAnswer, HttpRequest } from '../call/http.ts';
import { imageNames } from '../image-names.ts';
import { judgeStatus } from '../judgement.ts';
import { type ChangeDelivery, type Kind, pushTypes, type Verdict } from '../kind.ts';
import { baseUrl, under } from '../members.ts';
import { postJson, sending } from '../requests.ts';

const members = z.strictObject({
  url: baseUrl(),
  secret: secret('a secret of printable ASCII characters')
    .regex(/^[\x21-\x7e]+$/, { error: 'must be a secret of printable ASCII characters' })
    .describe('`CLOUDEVENTS_WEBHOOK_SECRET`'),
});

type Settings = z.output<typeof members>;

/** It takes only types that contain `image` or `container`. */
const type = 'io.manifeed.image.updated';

/** One event for all changes: it looks up the repository, whatever the tag is; but a tag must be there. */
export function request({ id, change }: ChangeDelivery, { url, secret }: Settings): HttpRequest {
  const { recordedAt: time, digest } = change;
  const { registry, repository } = imageNames(change).argocd;
  const tag = change.tag ?? 'latest';
  const data = { registry, repository, tag, digest: digest ?? '' };
  const event = {
    ...{ specversion: '1.0', id, type, source: '//manifeed', subject: `${repository}:${tag}` },
    ...{ time, datacontenttype: 'application/json', data },
  };
  return postJson(under(url, '/webhook?type=cloudevents'), event, {
    'content-type': 'application/cloudevents+json',
    'x-webhook-secret': secret,
  });
}

/** 400 is every refusal, a wrong secret too. It answers before it works. */
export function judge(answer: HttpAnswer, nowMs: number): Verdict {
  return judgeStatus(answer, nowMs, { accepted: [200], refused: [400, 413] });
}

export const argocdImageUpdater: Kind<Settings> = {
  name: 'argocd-image-updater',
  members,
  defaults: { timeoutMs: 30_000, coalesceMs: 5_000, concurrency: 4, types: pushTypes },
  deletes: false,
  replays: true,
  needsReference: false,
  ...sending(request, (answer, { nowMs }) => judge(answer, nowMs)),
};
