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
const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
const headerValue = /^[\t -~]*$/;
/** A request with one of these has a body, or wants something else than a stream. */
const foreign = ['content-length', 'transfer-encoding', 'expect', 'te', 'trailer', 'http2-settings'];

/** Null where the chunk is not exactly one such head. */
export function readRawHead(chunk: Buffer): RawHead | null {
  if (chunk.length > maxRawHeadBytes || chunk.length < 16 || chunk[0] !== 0x47) return null;
  const text = chunk.toString('latin1');
  if (text.indexOf('\r\n\r\n') !== text.length - 4) return null;
  const lines = text.slice(0, -4).split('\r\n');
  const request = requestLine.exec(lines[0] ?? '');
  if (request?.[1] === undefined || lines.length > maxHeaders) return null;
  const headers: Record<string, string> = Object.create(null);
  for (let index = 1; index < lines.length; index++) {
    // `test` and slices: a match with groups for each line was a twentieth of what opening a stream costs.
    const line = lines[index] ?? '';
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    const value = line.slice(colon + 1);
    // Which of two counts is a question that node:http answers header by header.
    if (!headerName.test(name) || !headerValue.test(value) || headers[name] !== undefined) return null;
    headers[name] = value.trim();
  }
  if (headers.host === undefined || foreign.some((name) => headers[name] !== undefined)) return null;
  return { path: request[1], query: request[2] ?? '', headers };
}
