/**
 * Watchtower, both forks: containrrr 1.7, which answers when it is done, empty, and nicholas-fedor, which answers 202
 * at once to `async=true` or a summary when it is done.
 */
import { z } from 'zod';
import { flag } from '../../config/settings/values.ts';
import type { RepositoryName } from '../../event/reference.ts';
import { jsonOrNothing } from '../../lib/json.ts';
import type { HttpAnswer, HttpRequest } from '../call/http.ts';
import { imageNames } from '../image-names.ts';
import { judgeStatus, saying, worst } from '../judgement.ts';
import {
  type ChangeDelivery,
  type Kind,
  noRepository,
  pushTypes,
  type Reach,
  type ResetDelivery,
  type Verdict,
} from '../kind.ts';
import { baseUrl, bearer, token, under } from '../members.ts';
import { sending } from '../requests.ts';

const members = z.strictObject({
  url: baseUrl(),
  token: token().describe('`WATCHTOWER_HTTP_API_TOKEN`'),
  wait: flag()
    .default(false)
    .describe(
      'Wait until the fork (nicholas-fedor) has updated, so that its failures are seen. 1.7 always waits',
    ),
});

type Settings = z.output<typeof members>;

export function request({ change }: ChangeDelivery, settings: Settings): HttpRequest {
  return requestOf([change], settings);
}

/** Never without an image: that would update all containers. */
export function requestOf(
  repositories: readonly [RepositoryName, ...RepositoryName[]],
  { url, token, wait }: Settings,
): HttpRequest {
  const names = repositories.flatMap((each) => imageNames(each).watchtower);
  const query = new URLSearchParams({ image: [...new Set(names)].join(',') });
  if (!wait) query.set('async', 'true');
  return { method: 'POST', url: under(url, `/v1/update?${query}`), headers: bearer(token), body: null };
}

const summary = z.object({ summary: z.object({ scanned: z.number(), failed: z.number() }) });

/** A 200 of 1.7 is empty, also if an update failed. */
export function judge(answer: HttpAnswer, nowMs: number): Verdict {
  const verdict = judgeStatus(answer, nowMs, { accepted: [200, 202], refused: [400] });
  const told =
    answer.status === 200 ? summary.safeParse(jsonOrNothing(answer.text)).data?.summary : undefined;
  if (told === undefined) return verdict;
  if (told.failed > 0) return { kind: 'retry', why: saying(answer) };
  return told.scanned === 0 ? { kind: 'ignored', why: 'no container of this image' } : verdict;
}

/** Proxies take some KiB of a URL, and each repository has six spellings. */
const maxTogether = 20;

/** All that the target is about, in few requests: what came meanwhile is not known. */
async function reset(delivery: ResetDelivery, settings: Settings, reach: Reach): Promise<Verdict> {
  const repositories = await delivery.repositories();
  const verdicts: Verdict[] = [];
  for (let at = 0; at < repositories.length; at += maxTogether) {
    const [first, ...others] = repositories.slice(at, at + maxTogether);
    if (first === undefined) break;
    verdicts.push(judge(await reach.http(requestOf([first, ...others], settings)), delivery.nowMs));
  }
  return worst(verdicts, noRepository);
}

export const watchtower: Kind<Settings> = {
  name: 'watchtower',
  members,
  // It answers after pulls and restarts, or after those that it was busy with; the fork gives up after 10 minutes.
  defaults: { timeoutMs: 660_000, coalesceMs: 5_000, concurrency: 1, types: pushTypes },
  deletes: false,
  replays: true,
  needsReference: false,
  ...sending(request, (answer, { nowMs }) => judge(answer, nowMs)),
  reset,
};
