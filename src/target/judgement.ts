/** What most kinds share in judging an HTTP answer. */
import { z } from 'zod';
import { jsonOrNothing } from '../lib/json.ts';
import { maxRetryAfterMs, parseRetryAfter } from '../lib/retry-after.ts';
import type { HttpAnswer } from './call/http.ts';
import type { Verdict } from './kind.ts';

/** Operators see some 200 characters. More, so that a secret is found before it is cut. */
const maxSaid = 64 * 1024;

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** `status 503: <beginning of the answer>`, for a verdict's `why`. Of a redirect only the origin: its path may hold a secret. */
export function saying({ status, text, headers }: HttpAnswer): string {
  if (redirects.has(status)) {
    const to = URL.parse(headers.location ?? '')?.origin ?? 'the same host';
    return `status ${status}: redirects are not followed: this one is to ${to}`;
  }
  const words = text.slice(0, maxSaid).replace(/\s+/g, ' ').trim();
  return words === '' ? `status ${status}` : `status ${status}: ${words}`;
}

/** To be tried again; not before the time that the answer names, if it does. @param nowMs wall clock */
export function retryLater(answer: HttpAnswer, nowMs: number, why = saying(answer)): Verdict {
  const named = [parseRetryAfter(answer.headers['retry-after'] ?? null, nowMs), waitInBody(answer)];
  const waits = named.filter((ms) => ms !== null);
  return waits.length === 0 ? { kind: 'retry', why } : { kind: 'retry', why, afterMs: Math.max(...waits) };
}

const limit = z.object({
  /** Seconds, with fractions: Discord. */
  retry_after: z.number().min(0).optional().catch(undefined),
  /** Matrix, "Rate limiting". */
  retry_after_ms: z.number().min(0).optional().catch(undefined),
});

/** Some tools say only in the body of a 429 how long to wait. Null: nothing; at most an hour. */
function waitInBody({ status, text, isWhole }: HttpAnswer): number | null {
  const told = status === 429 && isWhole ? limit.safeParse(jsonOrNothing(text)).data : undefined;
  const { retry_after: seconds, retry_after_ms: ms } = told ?? {};
  if (ms === undefined && seconds === undefined) return null;
  return Math.min(Math.ceil(ms ?? (seconds ?? 0) * 1_000), maxRetryAfterMs);
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
