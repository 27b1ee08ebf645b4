/**
 * Reads the head of a plain request for a stream from one chunk of text. It knows only what nearly every client
 * sends. For all else it returns null, and node:http judges. It never refuses.
 */
export interface RawHead {
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  readonly headers: Readonly<RawHeaders>;
}

/** The headers that matter for a stream, by lower-case name; all others are ignored. */
export type RawHeaders = { [name in KnownHeader]: string | undefined };
type KnownHeader = keyof typeof none;

/** Every head begins as a copy of it, so that all have one shape. */
const none = {
  accept: undefined,
  authorization: undefined,
  connection: undefined,
  host: undefined,
  'last-event-id': undefined,
  origin: undefined,
  'sec-websocket-key': undefined,
  'sec-websocket-protocol': undefined,
  'sec-websocket-version': undefined,
  upgrade: undefined,
  'x-forwarded-for': undefined,
};
/** A request with one of these has a body, or wants something other than a stream. */
const foreign = ['content-length', 'expect', 'http2-settings', 'te', 'trailer', 'transfer-encoding'];

const known = new Map<string, KnownHeader | 'foreign'>([
  ...(Object.keys(none) as KnownHeader[]).map((name) => [name, name] as const),
  ...foreign.map((name) => [name, 'foreign'] as const),
]);
/** By length: most headers of a browser are skipped without looking at their names. */
const knownLengths = new Set([...known.keys()].map((name) => name.length));

/** Longer heads are left to node:http. */
export const maxRawHeadBytes = 8 * 1024;
const maxHeaders = 64;

const requestLine = /^GET (\/[A-Za-z0-9/_-]*)(?:\?([!-~]*))? HTTP\/1\.1$/;
/** All header lines, each with its end: one test for all costs less than one for each. */
const headerLines = /^(?:[A-Za-z0-9!#$%&'*+.^_`|~-]+:[\t -~]*\r\n)+$/;
/** Reads a head, given as Latin-1; null: it is not exactly one such head. */
export function readRawHead(text: string): RawHead | null {
  if (text.length > maxRawHeadBytes || text.length < 16) return null;
  if (text.indexOf('\r\n\r\n') !== text.length - 4) return null;
  const firstEnd = text.indexOf('\r\n');
  const request = requestLine.exec(text.slice(0, firstEnd));
  const lines = text.slice(firstEnd + 2, -2);
  if (request?.[1] === undefined || !headerLines.test(lines)) return null;
  const headers = readHeaders(lines);
  if (headers?.host === undefined) return null;
  return { path: request[1], query: request[2] ?? '', headers };
}

/** Null: one is foreign, or comes twice. Which of two counts depends on the name, and node:http decides that. */
function readHeaders(lines: string): RawHeaders | null {
  const headers: RawHeaders = { ...none };
  let count = 0;
  for (let at = 0; at < lines.length; ) {
    const colon = lines.indexOf(':', at);
    const end = lines.indexOf('\r\n', colon);
    if (++count > maxHeaders) return null;
    if (knownLengths.has(colon - at)) {
      const name = known.get(lines.slice(at, colon).toLowerCase());
      if (name === 'foreign') return null;
      if (name !== undefined) {
        if (headers[name] !== undefined) return null;
        headers[name] = lines.slice(colon + 1, end).trim();
      }
    }
    at = end + 2;
  }
  return headers;
}
