/** Undoes what a proxy did to a body (RFC 9110, 8.4). Requests ask for no coding, and some answer with one all the same. */
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';
import { type AnswerHeaders, valuesOf } from './rate-limit.ts';
import { UpstreamError } from './upstream-error.ts';

type Undo = (body: Buffer, limits: { readonly maxOutputLength: number }) => Promise<Buffer>;

const codings: ReadonlyMap<string, Undo> = new Map<string, Undo>([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
  ['zstd', promisify(zstdDecompress)],
]);

/** The name of the coding, in lower case; null: there is none. */
export function codingOf(headers: AnswerHeaders): string | null {
  const text = valuesOf(headers, 'content-encoding').join(', ').trim().toLowerCase();
  return text === '' || text === 'identity' ? null : text;
}

/**
 * The body as it was before the coding.
 *
 * @param what names the request in errors
 * @param maxBytes of the result: a few bytes may stand for a gigabyte
 * @throws UpstreamError `too-large`; `invalid` if the coding is not known, or the body broken
 */
export async function decode(body: Buffer, coding: string, maxBytes: number, what: string): Promise<Buffer> {
  const undo = codings.get(coding);
  if (undo === undefined) {
    const found = `Content-Encoding ${JSON.stringify(coding.slice(0, 100))}`;
    throw new UpstreamError('invalid', `${what}: ${found}: must be one of ${[...codings.keys()].join(', ')}`);
  }
  try {
    return await undo(body, { maxOutputLength: maxBytes });
  } catch (error) {
    const isTooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    if (isTooLarge) throw new UpstreamError('too-large', `${what}: body larger than ${maxBytes} bytes`);
    throw new UpstreamError('invalid', `${what}: a body that is not ${coding}, as its header says`, error);
  }
}
