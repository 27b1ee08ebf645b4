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
const headerLine = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*([\t -~]*?)[ \t]*$/;
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
    const match = headerLine.exec(lines[index] ?? '');
    if (match?.[1] === undefined || match[2] === undefined) return null;
    const name = match[1].toLowerCase();
    // Which of two counts is a question that node:http answers header by header.
    if (headers[name] !== undefined) return null;
    headers[name] = match[2];
  }
  if (headers.host === undefined || foreign.some((name) => headers[name] !== undefined)) return null;
  return { path: request[1], query: request[2] ?? '', headers };
}
