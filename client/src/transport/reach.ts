/** Why a connection brought nothing. */
import { FeedError } from '../feed-error.ts';
import { toQuery } from '../filter.ts';
import { readText, request, withDeadline } from './http.ts';
import { parseList } from './messages.ts';
import { type Ask, type Ending, lost, type TransportParts } from './transport.ts';

/** Time for the question, ms. */
const questionMs = 15_000;
/** Faults of the way. All else the gateway itself has said. */
const ofTheWay: readonly string[] = ['NETWORK', 'TIMEOUT', 'PROTOCOL'];
/** The URL is too long, or the head: of the question, that is, and not of a subscription in a message. */
const tooLong: readonly (number | null)[] = [414, 431];

/**
 * Asks over HTTP why nothing came: a WebSocket shows close code 1006 and nothing else (PROTOCOL.md, section 5), and a
 * proxy that collects a stream shows nothing at all. If the gateway itself answers, it is the transport that does not
 * come through. A page with 200, as a network for guests sends it, is no answer.
 *
 * @param error that of the connection
 */
export async function whyNothing(
  parts: TransportParts,
  { filter, token }: Ask,
  error: FeedError,
  signal: AbortSignal,
): Promise<Ending> {
  if (signal.aborted || !ofTheWay.includes(error.code)) return lost(error);
  const query = toQuery(filter, { after: null, since: null, snapshot: false });
  query.set('n', '0');
  try {
    await withDeadline(parts.clock, questionMs, signal, async (inner) => {
      const asked = { path: '/v2/updates', query, token, accept: 'application/json', signal: inner };
      parseList(await readText(await request(parts, asked)));
    });
    return lost(error, true);
  } catch (reason) {
    return lost(reason instanceof FeedError && !tooLong.includes(reason.status) ? reason : error);
  }
}
