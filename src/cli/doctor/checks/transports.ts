/** Whether each transport comes through whatever is between here and the gateway. */
import { FeedError, openFeed, type TransportName } from '../../../../client/src/index.ts';
import { innermost } from '../../asking/system-cause.ts';
import { type Finding, failed, fine } from '../finding.ts';
import type { Means } from '../means.ts';
import { Tap } from '../tap.ts';
import { frontTrouble, type Trouble, troubleOf } from '../trouble.ts';
import { answerOrError, question } from './question.ts';

/** A gateway sends the first bytes of a stream at once. What takes longer is held back, ms. */
export const heldBackMs = 5_000;
/** How long the gateway is asked to hold a long-poll, s. */
const pollSeconds = 1;
/** Matches next to nothing, with any token. */
const quietTag = 'manifeed-doctor';
const docs = 'docs/operating.md#what-a-proxy-in-front-must-do';
const unbuffer = 'Switch the buffering of answers off in the proxy (nginx: proxy_buffering off)';
const socketPath = '/v1/socket';
const passOn = `Have the proxy pass ${socketPath} on to the gateway, as it does with the other paths`;
const upgrade =
  'Have the proxy speak HTTP/1.1 to the gateway, pass Upgrade and Connection on, and keep the tunnel';

/** All at the same time; in this order. */
export function examineTransports(means: Means): readonly Promise<Finding>[] {
  return [stream('sse', means), stream('websocket', means), longPoll(means)];
}

interface Outcome {
  readonly isReady: boolean;
  readonly tookMs: number;
  readonly error: FeedError | null;
}

async function stream(name: 'sse' | 'websocket', means: Means): Promise<Finding> {
  const tap = new Tap(means);
  const { isReady, tookMs, error } = await follow(name, { ...means, fetch: tap.fetch });
  if (isReady) return fine(name, `it comes through, and was ready after ${Math.ceil(tookMs)} ms`);
  if (error !== null && !isOfTheWay(error)) {
    const { text, remedy, ...more } = troubleOf(error);
    return failed(name, text, remedy, more);
  }
  if (name === 'websocket') {
    if (error === null)
      return failed(name, `no message came within ${heldBackMs / 1_000} s`, upgrade, { docs });
    const { text, remedy } = (await pathTrouble(means)) ?? {
      text: `the connection does not open (${innermost(error).message})`,
      remedy: upgrade,
    };
    return failed(name, text, remedy, { docs });
  }
  const remedy = error === null ? unbuffer : 'See why the proxy ends a stream: its log, and its timeouts';
  return failed(name, textOf(tap, error), remedy, { docs });
}

/** What a proxy does, not the gateway: it cuts, or waits too short a time. Behind 502 and 503 is no gateway. */
function isOfTheWay({ code, status }: FeedError): boolean {
  if (code === 'NETWORK' || code === 'TIMEOUT') return true;
  return code === 'PROTOCOL' && status !== null && status >= 500 && status !== 502 && status !== 503;
}

/**
 * A WebSocket shows no status of what refused it, so the path is asked for once more as any other. The gateway itself
 * then asks for Upgrade.
 *
 * @returns null: the request reaches the gateway
 */
async function pathTrouble(means: Means): Promise<Trouble | null> {
  const { token, url } = means.connection;
  const tap = new Tap(means);
  const answer = await answerOrError(question({ ...means, fetch: tap.fetch }, socketPath, { token }));
  const origin = tap.head?.origin ?? null;
  if (origin !== null && origin !== new URL(url).origin) {
    const text = `the connection does not open: this address redirects to ${origin}, and no WebSocket follows`;
    return { text, remedy: `Name ${origin} with --gateway` };
  }
  if (!(answer instanceof FeedError)) return { text: `${socketPath} is not the gateway's`, remedy: passOn };
  if (answer.code !== 'PROTOCOL') return null;
  const front = frontTrouble(answer);
  return front === null
    ? { text: `the connection does not open (${answer.message})`, remedy: passOn }
    : { ...front, text: `the connection does not open: ${front.text}` };
}

function textOf({ head, hasBytes }: Tap, error: FeedError | null): string {
  if (error !== null) return `the stream does not last (${innermost(error).message})`;
  const within = `for ${heldBackMs / 1_000} s`;
  if (head === null) return `no head of the answer came ${within}: something on the way buffers or holds it`;
  if (!hasBytes)
    return `the head of the answer came, and no byte behind it ${within}: something on the way buffers`;
  return `bytes came, but not all that the gateway sends at once ${within}: something on the way buffers`;
}

/** Follows until the stream is ready, breaks, or is late. */
async function follow(transport: TransportName, { connection, clock, fetch }: Means): Promise<Outcome> {
  const startedAt = clock.monotonic();
  const over = new AbortController();
  const cancel = clock.after(heldBackMs, () => over.abort());
  await using feed = openFeed(connection.url, { token: connection.token, transport, fetch, clock });
  let error: FeedError | null = null;
  feed.on('status', (status) => {
    if (status.state !== 'waiting') return;
    error ??= status.why;
    over.abort();
  });
  let isReady = false;
  try {
    for await (const event of feed.events({ tag: quietTag }, { signal: over.signal })) {
      isReady = event.kind === 'ready';
      if (isReady) break;
    }
  } catch (refusal) {
    if (!(refusal instanceof FeedError)) throw refusal;
    error = refusal;
  } finally {
    cancel();
  }
  return { isReady, tookMs: clock.monotonic() - startedAt, error };
}

async function longPoll(means: Means): Promise<Finding> {
  const query = new URLSearchParams({ tag: quietTag, n: '1', wait: `${pollSeconds}s` });
  const { token } = means.connection;
  const answer = await answerOrError(question(means, '/v2/updates', { query, token }));
  if (!(answer instanceof FeedError))
    return fine('long-poll', `it comes through; the gateway could hold it for ${pollSeconds} s`);
  const { text, remedy, ...more } = troubleOf(answer);
  if (!isOfTheWay(answer)) return failed('long-poll', text, remedy, more);
  const wait = 'Have the proxy wait for an answer longer than clients do (nginx: proxy_read_timeout 5m)';
  return failed('long-poll', text, wait, { docs });
}
