/** The webhook of Argo CD Image Updater (1.3), as a structured CloudEvent. */
import { z } from 'zod';
import { secret } from '../../config/settings/values.ts';
import type { RepositoryName } from '../../event/reference.ts';
import type { HttpAnswer, HttpRequest } from '../call/http.ts';
import { imageNames } from '../image-names.ts';
import { judgeStatus, worst } from '../judgement.ts';
import {
  type ChangeDelivery,
  type Kind,
  noRepository,
  pushTypes,
  type Reach,
  type ResetDelivery,
  type Verdict,
} from '../kind.ts';
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

/** One event for all changes: it looks up the repository, whatever the tag is. */
export function request({ id, change }: ChangeDelivery, settings: Settings): HttpRequest {
  return requestOf(id, change, change.recordedAt, settings);
}

/** What it is asked about. A tag must be there. */
interface Image extends RepositoryName {
  readonly tag?: string | null;
  readonly digest?: string | null;
}

/** @param time RFC 3339 */
export function requestOf(id: string, image: Image, time: string, { url, secret }: Settings): HttpRequest {
  const { registry, repository } = imageNames(image).argocd;
  const tag = image.tag ?? 'latest';
  const data = { registry, repository, tag, digest: image.digest ?? '' };
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

/** One event for each repository that the target is about: what came meanwhile is not known. */
async function reset(delivery: ResetDelivery, settings: Settings, reach: Reach): Promise<Verdict> {
  const { id, atMs, nowMs } = delivery;
  const time = new Date(atMs).toISOString();
  const repositories = await delivery.repositories();
  const verdicts: Verdict[] = [];
  for (const [at, repository] of repositories.entries())
    verdicts.push(judge(await reach.http(requestOf(`${id}-${at}`, repository, time, settings)), nowMs));
  return worst(verdicts, noRepository);
}

export const argocdImageUpdater: Kind<Settings> = {
  name: 'argocd-image-updater',
  members,
  defaults: { timeoutMs: 30_000, coalesceMs: 5_000, concurrency: 4, types: pushTypes },
  deletes: false,
  replays: true,
  needsReference: false,
  ...sending(request, (answer, { nowMs }) => judge(answer, nowMs)),
  reset,
};
