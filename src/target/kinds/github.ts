/** GitHub Actions: `repository_dispatch`, or with `workflow` `workflow_dispatch`. Each call is a run. */
import { z } from 'zod';
import { text } from '../../config/settings/values.ts';
import type { HttpAnswer, HttpRequest } from '../call/http.ts';
import { judgeStatus, saying } from '../judgement.ts';
import { type ChangeDelivery, type Kind, pushTypes, type SettingFault, type Verdict } from '../kind.ts';
import { baseUrl, bearer, gitPath, token, under } from '../members.ts';
import { postJson, sending } from '../requests.ts';
import { changesWithin } from '../variables.ts';

const members = z.strictObject({
  url: baseUrl()
    .default('https://api.github.com')
    .describe("GitHub's API; another one for GitHub Enterprise"),
  token: token().describe('May write contents; with `workflow`, actions'),
  project: gitPath('owner/repo', 2, 2).describe('The repository, `owner/repo`'),
  event: text('1–100 characters', /^.{1,100}$/s)
    .optional()
    .describe('`event_type` of `repository_dispatch`; default `manifeed`'),
  workflow: text('a file name or id of a workflow', /^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,255}$/)
    .optional()
    .describe('File name of the workflow for `workflow_dispatch`; its input `payload` gets the JSON'),
  ref: text('a branch or tag').optional().describe('With `workflow`: where it runs; default `main`'),
});

type Settings = z.output<typeof members>;

const defaultEvent = 'manifeed';
const defaultRef = 'main';
/** GitHub takes less than 64 KB, with what is around it; as an input, quotes are escaped once more. */
const maxPayloadBytes = 24 * 1024;

export function request(delivery: ChangeDelivery, settings: Settings): HttpRequest {
  const { url, token, project, event = defaultEvent, workflow, ref = defaultRef } = settings;
  const payload = { ...changesWithin(delivery, maxPayloadBytes), test: delivery.kind === 'test' };
  const headers = {
    ...bearer(token),
    accept: 'application/vnd.github+json',
    'x-github-api-version': '2022-11-28',
  };
  if (workflow === undefined) {
    const body = { event_type: event, client_payload: payload };
    return postJson(under(url, `/repos/${project}/dispatches`), body, headers);
  }
  const path = `/repos/${project}/actions/workflows/${workflow}/dispatches`;
  return postJson(under(url, path), { ref, inputs: { payload: JSON.stringify(payload) } }, headers);
}

const leastWaitMs = 60_000;

/** 403 and 429 are limits too: GitHub says when they end, else a minute is to be waited. 404: no access. */
export function judge(answer: HttpAnswer, nowMs: number): Verdict {
  const verdict = judgeStatus(answer, nowMs, { accepted: [200, 204], refused: [422] });
  const { status, headers } = answer;
  if (verdict.kind !== 'retry' || verdict.afterMs !== undefined) return verdict;
  if (status !== 403 && status !== 429) return verdict;
  const resetMs = Number(headers['x-ratelimit-reset']) * 1_000 - nowMs;
  const isSpent = headers['x-ratelimit-remaining'] === '0' && Number.isFinite(resetMs);
  return { kind: 'retry', why: saying(answer), afterMs: isSpent ? Math.max(0, resetMs) : leastWaitMs };
}

export const github: Kind<Settings> = {
  name: 'github',
  members,
  defaults: { timeoutMs: 30_000, coalesceMs: 5_000, concurrency: 1, types: pushTypes },
  deletes: false,
  replays: false,
  needsReference: true,
  faults({ event, workflow, ref }): readonly SettingFault[] {
    if (workflow !== undefined && event !== undefined)
      return [{ key: 'event', message: 'must be without it, because workflow is given' }];
    if (workflow !== undefined || ref === undefined) return [];
    return [{ key: 'ref', message: 'must be without it, because there is no workflow' }];
  },
  ...sending(request, (answer, { nowMs }) => judge(answer, nowMs)),
};
