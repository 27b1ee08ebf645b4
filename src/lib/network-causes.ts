/** Why a request got no answer, for people: the codes of Node, OpenSSL and undici in words. Pure. */
import { plainHttpText, speaksPlainHttp } from './plain-http.ts';

const causes = [
  ['plain-http', speaksPlainHttp, plainHttpText],
  ['expired', /^CERT_HAS_EXPIRED$/, 'its certificate has expired'],
  ['not-yet-valid', /^CERT_NOT_YET_VALID$/, 'its certificate is not valid yet'],
  ['other-name', /ALTNAME_INVALID|HOSTNAME_MISMATCH/, 'its certificate is for another name'],
  [
    'untrusted',
    /^(?!ERR_SSL).*(?:SELF_SIGNED|UNABLE_TO_|CERT_|INVALID_CA|INVALID_PURPOSE)/,
    'its certificate is of an authority that this gateway does not trust',
  ],
  ['old-tls', /UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION/, 'it speaks only TLS that is too old'],
  ['tls', /^ERR_SSL|^EPROTO$/, 'it and this gateway could not agree on TLS'],
  ['refused', /^ECONNREFUSED$/, 'nothing listens there'],
  ['no-name', /^(?:ENOTFOUND|EAI_AGAIN|ENODATA)$/, 'no address is known for its name'],
  [
    'unreachable',
    /^(?:EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/,
    'no connection to it comes about',
  ],
  [
    'cut',
    /^(?:ECONNRESET|EPIPE|UND_ERR_SOCKET|UND_ERR_RES_CONTENT_LENGTH_MISMATCH)$/,
    'it cut the connection',
  ],
  ['no-http', /^HPE_|^HTTPParserError$/, 'what it says is not HTTP'],
  ['large-head', /^UND_ERR_HEADERS_OVERFLOW$/, 'the head of its answer is too large'],
] as const satisfies readonly (readonly [string, RegExp, string])[];

export type NetworkCause = (typeof causes)[number][0];

/** @param code of an error of Node or undici, or its name. Null: it is none of these */
export function networkCauseOf(code: string): { readonly cause: NetworkCause; readonly text: string } | null {
  const found = causes.find(([, codes]) => codes.test(code));
  return found === undefined ? null : { cause: found[0], text: found[2] };
}

/** Which cause an error's message tells, in the words above; null: none. */
export function networkCauseIn(message: string): NetworkCause | null {
  return causes.find(([, , text]) => message.includes(text))?.[0] ?? null;
}
