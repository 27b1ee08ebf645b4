/** CloudEvents 1.0 over HTTP, one event a request (HTTP Protocol Binding and HTTP Web Hooks 1.0). */
import { z } from 'zod';
import { choice, flag } from '../../config/settings/values.ts';
import type { HttpAnswer, HttpRequest } from '../call/http.ts';
import { judgeStatus, retryLater, saying } from '../judgement.ts';
import {
  type ChangeDelivery,
  type Kind,
  pushTypes,
  type Reach,
  type ResetDelivery,
  type Verdict,
} from '../kind.ts';
import { bearer, completeUrl, token } from '../members.ts';
import { postJson, showRequest } from '../requests.ts';

const members = z.strictObject({
  url: completeUrl(),
  token: token().optional().describe('Bearer token'),
  mode: choice(['structured', 'binary'])
    .default('structured')
    .describe('`structured`: the whole event is the body; `binary`: its attributes are `ce-…` headers'),
  handshake: flag()
    .default(true)
    .describe('Ask with `OPTIONS` whether the tool wants events; one that does not answer this gets them'),
});

type Settings = z.output<typeof members>;

/** What the tool is asked to allow ("Validation"). */
const origin = 'manifeed';

/** `type` is `io.manifeed.` and that of the change; `source` is the registry and repository, `subject` the tag. */
function eventOf(delivery: ChangeDelivery | ResetDelivery) {
  const common = { specversion: '1.0', id: delivery.id, datacontenttype: 'application/json' };
  if (delivery.kind === 'reset') {
    const { reason, position, floor, atMs } = delivery;
    const data = { reason, position, floor };
    const time = new Date(atMs).toISOString();
    return { ...common, type: 'io.manifeed.reset', source: '//manifeed', time, data };
  }
  const { change } = delivery;
  const type = `io.manifeed.${delivery.kind === 'test' ? 'test' : change.type}`;
  const source = `//${change.registry}/${change.repository}`;
  const subject = change.tag ?? change.digest;
  return {
    ...{ ...common, type, source, ...(subject === null ? {} : { subject }) },
    ...{ time: change.recordedAt, data: change },
  };
}

export function request(delivery: ChangeDelivery | ResetDelivery, settings: Settings): HttpRequest {
  const { url, mode } = settings;
  const proof = proofOf(settings);
  const event = eventOf(delivery);
  if (mode === 'structured')
    return postJson(url, event, { 'content-type': 'application/cloudevents+json; charset=utf-8', ...proof });
  const { data, datacontenttype, ...attributes } = event;
  // All values are ASCII without characters that the binding would have percent-encoded.
  const headers = Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value]);
  return postJson(url, data, { 'content-type': datacontenttype, ...Object.fromEntries(headers), ...proof });
}

/** Who asks has to say so with each event too ("WebHook-Request-Origin"). */
function proofOf({ token, handshake }: Settings): Readonly<Record<string, string>> {
  const asks = handshake ? { 'webhook-request-origin': origin } : {};
  return { ...asks, ...(token === undefined ? {} : bearer(token)) };
}

/** "Delivery response". 415: it will not take this form of any event. */
export function judge(answer: HttpAnswer, nowMs: number): Verdict {
  return judgeStatus(answer, nowMs, { accepted: [200, 201, 202, 204], stop: [410, 415] });
}

export function handshake(settings: Settings): HttpRequest {
  return { method: 'OPTIONS', url: settings.url, headers: proofOf(settings), body: null };
}

/**
 * Null: go on. Most receivers know no handshake, and answer anything. One that answers with success and another origin
 * than ours does not want our events.
 */
export function judgeHandshake(answer: HttpAnswer, nowMs: number): Verdict | null {
  const allowed = answer.headers['webhook-allowed-origin'];
  if (answer.status === 410) return { kind: 'stop', why: saying(answer) };
  if (answer.status === 429) return retryLater(answer, nowMs);
  if (allowed === undefined || allowed === '*') return null;
  if (allowed.split(',').some((each) => each.trim() === origin)) return null;
  return { kind: 'stop', why: `handshake: WebHook-Allowed-Origin is ${allowed}: must be * or ${origin}` };
}

/**
 * From one event to the next, ms, as "WebHook-Allowed-Rate" has it: events a minute, or `*`. Null: the answer says
 * nothing of what is allowed.
 */
export function everyMsOf({ headers }: HttpAnswer): number | null {
  const rate = headers['webhook-allowed-rate']?.trim();
  if (rate !== undefined && /^[1-9][0-9]{0,8}$/.test(rate)) return 60_000 / Number(rate);
  return rate === '*' || headers['webhook-allowed-origin'] !== undefined ? 0 : null;
}

/** What the tool answers to the handshake, if it ends the attempt. */
async function ask(settings: Settings, nowMs: number, reach: Reach): Promise<Verdict | null> {
  const answer = await reach.http(handshake(settings));
  const everyMs = everyMsOf(answer);
  if (everyMs !== null) reach.allow(everyMs);
  return judgeHandshake(answer, nowMs);
}

async function send(
  delivery: ChangeDelivery | ResetDelivery,
  settings: Settings,
  reach: Reach,
): Promise<Verdict> {
  const { nowMs } = delivery;
  const refusal = settings.handshake ? await ask(settings, nowMs, reach) : null;
  return refusal ?? judge(await reach.http(request(delivery, settings)), nowMs);
}

export const cloudevents: Kind<Settings> = {
  name: 'cloudevents',
  members,
  defaults: { timeoutMs: 20_000, coalesceMs: null, concurrency: 4, types: pushTypes },
  deletes: true,
  replays: true,
  needsReference: false,
  deliver: send,
  reset: send,
  describe: (delivery, settings) =>
    [...(settings.handshake ? [handshake(settings)] : []), request(delivery, settings)]
      .map(showRequest)
      .join('\n\n'),
};
