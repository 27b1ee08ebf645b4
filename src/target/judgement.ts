/** What most kinds share in judging an HTTP answer. */
import { parseRetryAfter } from '../lib/retry-after.ts';
import type { HttpAnswer } from './call/http.ts';
import type { Verdict } from './kind.ts';

/** `status 503: <beginning of the answer>`, for a verdict's `why`. */
export function saying({ status, text }: HttpAnswer): string {
  const words = text.replace(/\s+/g, ' ').trim();
  return words === '' ? `status ${status}` : `status ${status}: ${words}`;
}

/** To be tried again; not before `Retry-After`, if the answer has one. @param nowMs wall clock */
export function retryLater(answer: HttpAnswer, nowMs: number, why = saying(answer)): Verdict {
  const afterMs = parseRetryAfter(answer.headers['retry-after'] ?? null, nowMs);
  return afterMs === null ? { kind: 'retry', why } : { kind: 'retry', why, afterMs };
}

/** What an answer's status alone means. All other statuses mean: try again. */
interface Statuses {
  readonly accepted: readonly number[];
  /** Never to be taken. Default none. */
  readonly refused?: readonly number[];
  /** The tool wants no more. Default 410. */
  readonly stop?: readonly number[];
}

export function judgeStatus(answer: HttpAnswer, nowMs: number, statuses: Statuses): Verdict {
  const { accepted, refused = [], stop = [410] } = statuses;
  const { status } = answer;
  if (accepted.includes(status)) return { kind: 'accepted' };
  if (refused.includes(status)) return { kind: 'refused', why: saying(answer) };
  return stop.includes(status) ? { kind: 'stop', why: saying(answer) } : retryLater(answer, nowMs);
}

/** From the best to the worst. */
const ranks: readonly Verdict['kind'][] = ['ignored', 'accepted', 'refused', 'retry', 'stop'];

/** What several requests of one delivery mean together: the worst. None at all: `ignored`, with this reason. */
export function worst(verdicts: readonly Verdict[], none: string): Verdict {
  const all: readonly Verdict[] = [{ kind: 'ignored', why: none }, ...verdicts];
  return all.reduce((a, b) => (ranks.indexOf(b.kind) >= ranks.indexOf(a.kind) ? b : a));
}
