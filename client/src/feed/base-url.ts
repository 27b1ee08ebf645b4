/**
 * The gateway's address, without a slash at its end.
 *
 * @throws TypeError that says what is wrong; it repeats no credentials
 */
export function baseUrl(url: string | URL): string {
  const { protocol, username, password, search, hash, origin, pathname } = parse(String(url));
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new TypeError(`open feed: url: ${protocol}: must be http: or https:, for WebSockets too`);
  if (username !== '' || password !== '')
    throw new TypeError('open feed: url: credentials: must be given as the option token');
  if (search !== '' || hash !== '')
    throw new TypeError('open feed: url: a query or a fragment: must be left out');
  return `${origin}${pathname}`.replace(/\/+$/, '');
}

function parse(url: string): URL {
  try {
    return new URL(url, pageUrl());
  } catch {
    // Without the cause: it repeats the URL.
    throw new TypeError('open feed: url: must be absolute, like https://gateway.example.com');
  }
}

/** Where the page is that this runs in; undefined: in none. */
function pageUrl(): string | undefined {
  const runtime: { readonly URL: unknown; readonly location?: { readonly href: string } } = globalThis;
  return runtime.location?.href;
}
