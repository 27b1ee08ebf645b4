/** The OPTIONS handshake of "HTTP 1.1 Web Hooks for Event Delivery" (CloudEvents), which Event Grid uses too. */
import type { HookAnswer } from './collector.ts';
import { type Headers, headerOf } from './kind.ts';

const originGrammar = /^[A-Za-z0-9.*_-]{1,253}$/;

/**
 * Allows the origin that asks; null if it names none. The callback URL is never called: the answer to the request
 * says the same, and calling any URL on request invites SSRF.
 */
export function answerHandshake(headers: Headers): HookAnswer | null {
  const origin = headerOf(headers, 'webhook-request-origin');
  if (origin === null || !originGrammar.test(origin)) return null;
  const rate = headerOf(headers, 'webhook-request-rate') === null ? {} : { 'webhook-allowed-rate': '*' };
  return { status: 200, headers: { allow: 'POST', 'webhook-allowed-origin': origin, ...rate } };
}
