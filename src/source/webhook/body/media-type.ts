import { ManifeedError } from '../../../errors.ts';
import { type ExtraMedia, type Headers, headerOf, type WebhookKind } from '../kind.ts';

interface MediaType {
  /** `type/subtype`, lower case; empty if the header is absent. */
  readonly essence: string;
  /** Lower case; null: none. */
  readonly charset: string | null;
}

/** RFC 9110, 8.3, as far as needed; an odd header yields an essence that no kind takes. */
export function parseMediaType(header: string | null): MediaType {
  const [essence = '', ...parameters] = (header ?? '').split(';', 16);
  let charset: string | null = null;
  for (const parameter of parameters) {
    const match = /^\s*charset\s*=\s*"?([^"\s]+)"?\s*$/i.exec(parameter);
    if (match?.[1] !== undefined) charset = match[1].toLowerCase();
  }
  return { essence: essence.trim().toLowerCase(), charset };
}

const formType = 'application/x-www-form-urlencoded';
const extraTypes: Readonly<Record<ExtraMedia, string>> = {
  'form-payload': formType,
  'form-json': formType,
  text: 'text/plain',
  octets: 'application/octet-stream',
};

/**
 * Whether the JSON is in the `payload` member of a form; else the body is the JSON.
 *
 * @throws UNSUPPORTED_MEDIA_TYPE if the kind does not take the body
 */
export function isForm(kind: WebhookKind, headers: Headers): boolean {
  const type = headerOf(headers, 'content-type');
  const encoding = headerOf(headers, 'content-encoding');
  // The fast path for almost every sender.
  if (type === 'application/json' && encoding === null) return false;
  const { essence, charset } = parseMediaType(type);
  const extra = (kind.media ?? []).find((media) => extraTypes[media] === essence);
  const json =
    essence === '' ||
    essence === 'application/json' ||
    essence === 'text/json' ||
    /^[\w!#$&^.-]+\/[\w!#$&^.+-]+\+json$/.test(essence);
  const plain = encoding === null || encoding === '' || encoding.toLowerCase() === 'identity';
  const utf8 = charset === null || charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii';
  if ((json || extra !== undefined) && plain && utf8) return extra === 'form-payload';
  const taken = ['application/json', ...(kind.media ?? []).map((media) => extraTypes[media])].join(', ');
  throw new ManifeedError(
    'UNSUPPORTED_MEDIA_TYPE',
    `read webhook body: content type or encoding not taken: must be uncompressed UTF-8 ${taken}`,
  );
}
