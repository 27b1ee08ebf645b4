/** What most kinds share in judging an HTTP answer. */
import { parseRetryAfter } from '../lib/retry-after.ts';
import type { HttpAnswer, HttpRequest } from './call/http.ts';
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

/** The request as text, as an HTTP message has it. */
export function showRequest({ method, url, headers, body }: HttpRequest): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${url}`, ...lines, ...(body === null ? [] : ['', body])].join('\n');
}
