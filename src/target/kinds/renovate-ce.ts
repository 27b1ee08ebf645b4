/**
 * Mend Renovate Community Edition (15): queues a job for each git repository. Which images are in which git repositories
 * is what the target says: its `repository` names the images, `gitRepositories` where they are used.
 */
import { z } from 'zod';
import { list } from '../../config/settings/values.ts';
import type { HttpAnswer, HttpRequest } from '../call/http.ts';
import { judgeStatus, worst } from '../judgement.ts';
import { type Kind, pushTypes, type Reach, type Verdict } from '../kind.ts';
import { baseUrl, bearer, gitRepository, token, under } from '../members.ts';
import { showRequest } from '../requests.ts';

const maxRepositories = 100;

const members = z.strictObject({
  url: baseUrl(),
  token: token().describe('`MEND_RNV_API_SERVER_SECRET`'),
  gitRepositories: list(gitRepository(), 'git repositories, as in org/repo', maxRepositories)
    .min(1, { error: 'must have at least one' })
    .describe('Git repositories that use the images that `repository` names'),
});

type Settings = z.output<typeof members>;

export function requests({ url, token, gitRepositories }: Settings): readonly HttpRequest[] {
  return gitRepositories.map((name) => ({
    ...{ method: 'POST', url: under(url, `/api/v1/repos/${name}/-/jobs/run`) },
    ...{ headers: bearer(token), body: null },
  }));
}

/** 201: queued; 200: one waits already, and will see the change. 404: no such git repository. */
export function judge(answer: HttpAnswer, nowMs: number): Verdict {
  return judgeStatus(answer, nowMs, { accepted: [200, 201], refused: [400, 404] });
}

/** A repetition does no harm: what waits already is not queued again. */
async function run({ nowMs }: { nowMs: number }, settings: Settings, reach: Reach): Promise<Verdict> {
  const verdicts: Verdict[] = [];
  for (const request of requests(settings)) verdicts.push(judge(await reach.http(request), nowMs));
  return worst(verdicts, 'no git repository');
}

export const renovateCe: Kind<Settings> = {
  name: 'renovate-ce',
  members,
  defaults: { timeoutMs: 60_000, coalesceMs: 5_000, concurrency: 1, types: pushTypes },
  deletes: false,
  replays: true,
  needsReference: true,
  deliver: run,
  reset: run,
  describe: (_delivery, settings) => requests(settings).map(showRequest).join('\n\n'),
};
