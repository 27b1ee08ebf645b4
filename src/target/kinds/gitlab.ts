/** GitLab's pipeline trigger. Each call is a pipeline; its rule is `$CI_PIPELINE_SOURCE == "trigger"`. */
import { z } from 'zod';
import { text } from '../../config/settings/values.ts';
import type { HttpAnswer, HttpRequest } from '../call/http.ts';
import { judgeStatus } from '../judgement.ts';
import { type ChangeDelivery, type Kind, pushTypes, type Verdict } from '../kind.ts';
import { baseUrl, gitPath, token, under } from '../members.ts';
import { sending } from '../requests.ts';
import { deliveryVariables } from '../variables.ts';

const members = z.strictObject({
  url: baseUrl().default('https://gitlab.com').describe('GitLab; another one if it is your own'),
  token: token().describe('Trigger token of the project'),
  project: gitPath('the id or path of a project, as in 42 or group/project', 1).describe(
    'The project: its id, or its path as in `group/project`',
  ),
  ref: text('a branch or tag').default('main').describe('Branch or tag on which the pipeline runs'),
});

type Settings = z.output<typeof members>;

/** The pipeline has the newest change in the variables `MANIFEED_CHANGE_…`. */
export function request(delivery: ChangeDelivery, { url, token, project, ref }: Settings): HttpRequest {
  const form = new URLSearchParams({ token, ref });
  for (const [name, value] of Object.entries(deliveryVariables(delivery)))
    form.set(`variables[${name}]`, value);
  const path = `/api/v4/projects/${encodeURIComponent(project)}/trigger/pipeline`;
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { method: 'POST', url: under(url, path), headers, body: form.toString() };
}

/** 400: no such ref, or no rule lets the pipeline run. */
export function judge(answer: HttpAnswer, nowMs: number): Verdict {
  return judgeStatus(answer, nowMs, { accepted: [200, 201], refused: [400, 422] });
}

export const gitlab: Kind<Settings> = {
  name: 'gitlab',
  members,
  defaults: { timeoutMs: 30_000, coalesceMs: 5_000, concurrency: 1, types: pushTypes },
  deletes: false,
  replays: false,
  needsReference: true,
  ...sending(request, (answer, { nowMs }) => judge(answer, nowMs)),
};
