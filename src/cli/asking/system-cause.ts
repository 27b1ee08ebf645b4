/** What the system said of a request without an answer. */
import { messageOf } from '../../errors.ts';
import { plainHttpText, speaksPlainHttp } from '../../lib/plain-http.ts';

/**
 * Codes for a certificate that is not trusted (Node, "X509 certificate error codes"). ERR_SSL is what TLS itself
 * says, of a certificate of this side too.
 */
const ofCertificate = /^(?!ERR_SSL).*(?:CERT|SIGNATURE|CRL|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/;

/** Whether this machine does not trust the certificate of the other side. @param code the system's */
export function isOfCertificate(code: string): boolean {
  return ofCertificate.test(code);
}

const remedies: readonly (readonly [RegExp, string])[] = [
  [/^BAD_PORT$/, 'Have it listen at another port'],
  [speaksPlainHttp, 'Write http:// in the URL, or name the proxy that speaks TLS for it'],
  [
    /^ERR_SSL/,
    'See what speaks TLS there: its versions and ciphers, and whether it wants a certificate of clients',
  ],
  [/EXPIRED/, 'Renew its certificate, or set the clock of this machine right'],
  [/NOT_YET_VALID/, 'Set the clock of this machine right, or wait until its certificate is valid'],
  [/ALTNAME|HOSTNAME_MISMATCH/, 'Use a name that its certificate has, or give it one for this name'],
  [
    ofCertificate,
    'Name the PEM file of its authority in NODE_EXTRA_CA_CERTS, or set NODE_USE_SYSTEM_CA=1 if the system trusts it',
  ],
];

/** What helps with TLS, or with a port that is never asked, a sentence without its end. @param code the system's. Null: something else is wrong */
export function wayRemedy(code: string): string | null {
  return remedies.find(([codes]) => codes.test(code))?.[1] ?? null;
}

/** Node tells how to start Node. Who starts a command sets a variable. */
const nodesAdvice = /; if the root CA is installed locally.*$/s;

const badPortText = 'programs for the web never ask this port';

/** Most causes within one another that are looked at. */
const maxDepth = 8;

/** The cause that names what the system said. */
export function innermost(error: Error): { readonly code: string; readonly message: string } {
  let found: Error = error;
  for (let depth = 0; depth < maxDepth && found.cause instanceof Error; depth++) found = found.cause;
  // Of several addresses each has its own; the first one says enough.
  if (found instanceof AggregateError && found.errors[0] instanceof Error) found = found.errors[0];
  const code = 'code' in found && typeof found.code === 'string' ? found.code : '';
  // `fetch` has no code for it (Fetch Standard, "bad port").
  if (found.message === 'bad port') return { code: 'BAD_PORT', message: badPortText };
  if (speaksPlainHttp.test(code)) return { code, message: plainHttpText };
  // OpenSSL's own message has a file, a line and the end of a line.
  const reason =
    code.startsWith('ERR_SSL') && 'reason' in found && typeof found.reason === 'string' ? found.reason : '';
  return { code, message: reason || messageOf(found).replace(nodesAdvice, '') || code };
}
