/** The token in a URL's query (RFC 6750, 2.3), to be recognised in every spelling, `access%5Ftoken` included. */
const parameter = 'access_token';

/** The first token of a query without the question mark; null: none. */
export function tokenInQuery(query: string): string | null {
  return mayHold(query) ? new URLSearchParams(query).get(parameter) : null;
}

/** The query without its tokens, otherwise unchanged. */
export function withoutToken(query: string): string {
  if (!mayHold(query)) return query;
  return query
    .split('&')
    .filter((pair) => !isToken(pair))
    .join('&');
}

/** A URL for the log, its tokens as `***`. Ignores case, so that a mistyped name is masked too. */
export function maskToken(url: string): string {
  const mark = url.indexOf('?');
  if (mark < 0) return url;
  const pairs = url.slice(mark + 1).split('&');
  const masked = pairs.map((pair) => (isToken(pair) ? `${pair.split('=', 1)[0]}=***` : pair));
  return `${url.slice(0, mark + 1)}${masked.join('&')}`;
}

function isToken(pair: string): boolean {
  const name = pair.split('=', 1)[0] ?? '';
  if (name.length < parameter.length) return false;
  return [...new URLSearchParams(name).keys()][0]?.toLowerCase() === parameter;
}

/** A fast first test: most queries hold no token, and a reconnect storm brings ten thousand a second. */
function mayHold(query: string): boolean {
  return /%|access_token/i.test(query);
}
