/** Apprise's API, which reaches a hundred services: `POST /notify/<key>`. */
import { z } from 'zod';
import { text } from '../../config/settings/values.ts';
import type { HttpAnswer, HttpRequest } from '../call/http.ts';
import { judgeStatus, saying } from '../judgement.ts';
import { type ChangeDelivery, type Kind, pushTypes, type Verdict } from '../kind.ts';
import { basic, basicHeader, completeUrl, faultsOfBasic } from '../members.ts';
import { messageOf } from '../message.ts';
import { postJson, sending } from '../requests.ts';

const members = z.strictObject({
  url: completeUrl(),
  ...basic,
  tags: text('tags of Apprise').optional().describe('Tags of the services that get it; default: all'),
});

type Settings = z.output<typeof members>;

/** Plain text: no name can be markup. */
export function request(delivery: ChangeDelivery, settings: Settings): HttpRequest {
  const { url, tags } = settings;
  const message = { ...messageOf(delivery), type: 'info', format: 'text' };
  return postJson(url, tags === undefined ? message : { ...message, tag: tags }, basicHeader(settings));
}

/** Some services have it after a 424: not too many may get it again. */
const maxPartial = 3;

/** 204: it knows no such key, and sent nothing. */
export function judge(answer: HttpAnswer, { nowMs, attempt }: ChangeDelivery): Verdict {
  if (answer.status === 424 && attempt >= maxPartial) return { kind: 'refused', why: saying(answer) };
  return judgeStatus(answer, nowMs, { accepted: [200], refused: [400, 405, 431] });
}

export const apprise: Kind<Settings> = {
  name: 'apprise',
  members,
  defaults: { timeoutMs: 60_000, coalesceMs: 5_000, concurrency: 1, types: pushTypes },
  deletes: false,
  replays: false,
  needsReference: false,
  faults: faultsOfBasic,
  ...sending(request, judge),
};
