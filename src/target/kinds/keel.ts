/**
 * Keel's native webhook (0.22). The only tool that acts on the tag that it is told, unchecked: so each change goes
 * alone, none is repeated for another one's sake, and a reset tells it nothing.
 */
import { z } from 'zod';
import type { HttpAnswer, HttpRequest } from '../call/http.ts';
import { imageNames } from '../image-names.ts';
import { judgeStatus } from '../judgement.ts';
import { type ChangeDelivery, type Kind, pushTypes, type Verdict } from '../kind.ts';
import { baseUrl, basic, basicHeader, bearer, faultsOfBasic, token, under } from '../members.ts';
import { postJson, sending } from '../requests.ts';

const members = z.strictObject({
  url: baseUrl(),
  ...basic,
  token: token().optional().describe('Bearer token'),
});

type Settings = z.output<typeof members>;

export function request({ change }: ChangeDelivery, settings: Settings): HttpRequest {
  const { tag, digest } = change;
  const event = { name: imageNames(change).familiar, tag, ...(digest === null ? {} : { digest }) };
  const proof = settings.token === undefined ? basicHeader(settings) : bearer(settings.token);
  return postJson(under(settings.url, '/v1/webhooks/native'), event, proof);
}

/** 200 is only that it could read it. */
export function judge(answer: HttpAnswer, nowMs: number): Verdict {
  return judgeStatus(answer, nowMs, { accepted: [200], refused: [400] });
}

const one = sending(request, (answer, { nowMs }) => judge(answer, nowMs));

export const keel: Kind<Settings> = {
  name: 'keel',
  members,
  defaults: { timeoutMs: 15_000, coalesceMs: null, concurrency: 1, types: pushTypes },
  deletes: false,
  replays: false,
  needsReference: true,
  faults(settings) {
    const both = settings.token !== undefined && settings.username !== undefined;
    const message = 'must be without it, because username is given';
    return [...faultsOfBasic(settings), ...(both ? [{ key: 'token', message }] : [])];
  },
  async deliver(delivery, settings, reach) {
    if (delivery.change.tag === null) return { kind: 'ignored', why: 'a manifest without a tag' };
    return one.deliver(delivery, settings, reach);
  },
  describe: one.describe,
};
