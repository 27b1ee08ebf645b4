/** A question to a gateway over HTTP, for everything that is no stream (PROTOCOL.md, section 9). */
import { systemClock } from './clock.ts';
import { baseUrl } from './feed/base-url.ts';
import type { FeedOptions } from './feed/options.ts';
import { TokenSource } from './feed/token.ts';
import { runtimeFetch } from './runtime.ts';
import { readText, request, withDeadline } from './transport/http.ts';
import { parseJson } from './transport/messages.ts';

/** Time for an answer if the question says nothing else, ms. */
const answerMs = 60_000;

/** What is asked. */
export interface Question {
  /** `/v1/tags` */
  readonly path: string;
  readonly query?: URLSearchParams | undefined;
  /** Sent as JSON. Absent: it is a GET. */
  readonly body?: unknown;
  /** How a body is sent. Default POST. */
  readonly method?: 'POST' | 'PUT' | undefined;
  /** Time for the answer, ms. Default a minute. */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait; the promise then rejects with a FeedError. */
  readonly signal?: AbortSignal | undefined;
}

/** As for a feed. */
export type AskOptions = Pick<FeedOptions, 'token' | 'fetch' | 'clock'>;

/**
 * Asks once, and waits at most a minute, or as long as the question says.
 *
 * @returns the JSON of the answer
 * @throws FeedError: the gateway's refusal, NETWORK, TIMEOUT, or PROTOCOL if the answer is not from a gateway
 * @throws TypeError if the URL is none of a gateway
 */
export async function ask(url: string | URL, question: Question, options: AskOptions = {}): Promise<unknown> {
  const {
    path,
    query = new URLSearchParams(),
    body,
    method,
    timeoutMs = answerMs,
    signal = new AbortController().signal,
  } = question;
  const { clock = systemClock, fetch = runtimeFetch, token = null } = options;
  const parts = { url: baseUrl(url), clock, fetch, WebSocket: null };
  return withDeadline(clock, timeoutMs, signal, async (inner) => {
    const held = await new TokenSource(token, clock).get(inner);
    const asked = { path, query, token: held, accept: 'application/json', signal: inner, body, method };
    const text = await readText(await request(parts, asked));
    return parseJson(text, `answer of ${path}`);
  });
}
