/**
 * Reads the head of a plain request for a stream from one chunk of bytes. Strict on purpose: it knows only what
 * nearly every client sends, and says "not mine" to all else, which node:http then judges. It never refuses.
 */
export interface RawHead {
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Longer heads are node:http's. */
export const maxRawHeadBytes = 8 * 1024;
const maxHeaders = 64;

const requestLine = /^GET (\/[A-Za-z0-9/_-]*)(?:\?([!-~]*))? HTTP\/1\.1$/;
/** All header lines, each with its end: one test for all costs less than one for each. */
const headerLines = /^(?:[A-Za-z0-9!#$%&'*+.^_`|~-]+:[\t -~]*\r\n)+$/;
/** A request with one of these has a body, or wants something else than a stream. */
const foreign = ['content-length', 'transfer-encoding', 'expect', 'te', 'trailer', 'http2-settings'];

/** Null where the chunk is not exactly one such head. */
export function readRawHead(chunk: Buffer): RawHead | null {
  if (chunk.length > maxRawHeadBytes || chunk.length < 16 || chunk[0] !== 0x47) return null;
  const text = chunk.toString('latin1');
  if (text.indexOf('\r\n\r\n') !== text.length - 4) return null;
  const firstEnd = text.indexOf('\r\n');
  const request = requestLine.exec(text.slice(0, firstEnd));
  const lines = text.slice(firstEnd + 2, -2);
  if (request?.[1] === undefined || !headerLines.test(lines)) return null;
  const headers = readHeaders(lines);
  if (headers === null) return null;
  if (headers.host === undefined || foreign.some((name) => headers[name] !== undefined)) return null;
  return { path: request[1], query: request[2] ?? '', headers };
}

/** Null where a name comes twice: which of the two counts is a question that node:http answers name by name. */
function readHeaders(lines: string): Record<string, string> | null {
  // Names that every object has (`constructor`, `__proto__`) seem to come twice, and are node:http's to judge.
  const headers: Record<string, string> = {};
  let count = 0;
  for (let at = 0; at < lines.length; ) {
    const colon = lines.indexOf(':', at);
    const end = lines.indexOf('\r\n', colon);
    const name = lines.slice(at, colon).toLowerCase();
    if (headers[name] !== undefined || ++count > maxHeaders) return null;
    headers[name] = lines.slice(colon + 1, end).trim();
    at = end + 2;
  }
  return headers;
}
