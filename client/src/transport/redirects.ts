/** Redirects of requests that have a body. `fetch` would send it to any address that an answer names. */
import { type FeedError, protocolError } from '../feed-error.ts';
import type { Fetch, FetchInit, FetchResponse } from '../runtime.ts';

/** Most redirects of one request. */
export const maxRedirects = 5;

/** The answers that ask for the same request elsewhere (RFC 9110, 15.4.8 and 15.4.9). */
const repeats: readonly number[] = [307, 308];
/** Those that turn it into a GET, without the body (RFC 9110, 15.4.2 to 15.4.4). */
const turns: readonly number[] = [301, 302, 303];
/** A page sees nothing of a redirect (Fetch, "opaque-redirect filtered response"). */
const hidden = 0;

/**
 * Sends a request with a body. It follows redirects within the origin, 307 and 308; the body goes to no other one.
 *
 * @param act what fails, for errors
 * @throws FeedError PROTOCOL at any other redirect, and what `fetch` rejects with
 */
export async function sendBody(
  fetch: Fetch,
  act: string,
  url: string,
  init: FetchInit,
): Promise<FetchResponse> {
  let at = url;
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const response = await fetch(at, { ...init, redirect: 'manual' });
    const { status } = response;
    if (status !== hidden && !repeats.includes(status) && !turns.includes(status)) return response;
    void response.body
      ?.getReader()
      .cancel()
      .catch(() => {});
    at = nextOf(act, at, response);
  }
  throw refused(`${act}: more than ${maxRedirects} redirects: must be fewer`, null);
}

/** Where the same request goes next. Errors name origins alone: the rest of an address may have a secret. */
function nextOf(act: string, at: string, { status, headers }: FetchResponse): string {
  const { origin } = new URL(at);
  if (status === hidden)
    throw refused(`${act}: redirected from ${origin}: must be the gateway's own address`, null);
  const location = headers.get('location') ?? '';
  if (location === '' || !URL.canParse(location, at))
    throw refused(`${act}: ${status} of ${origin}: no Location: must name an address`, status);
  const next = new URL(location, at);
  if (next.origin !== origin)
    throw refused(
      `${act}: ${status} from ${origin} to ${next.origin}: must stay there, because it has a body: give ${next.origin} if that is the gateway`,
      status,
    );
  if (turns.includes(status))
    throw refused(`${act}: ${status} of ${origin}: loses the body: must be 307 or 308`, status);
  return next.href;
}

/** The same request would be redirected again. */
function refused(message: string, status: number | null): FeedError {
  return protocolError(message, { status, retryable: false });
}
