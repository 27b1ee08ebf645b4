/** What an error of the client means to a person at a command line. The client itself speaks of pages too. */
import { FeedError } from '../../../client/src/index.ts';
import type { Connection } from '../connection.ts';
import { innermost, isOfCertificate, wayRemedy } from './system-cause.ts';

/** Whose token a command needs. */
export type TokenOf = 'subscriber' | 'webhook' | 'administrator';

const tokenHint = 'with --token-file or MANIFEED_TOKEN';

/** The message of an error, without a secret. @param tokenOf default: a subscriber's */
export function faultText(
  error: FeedError,
  { url, token }: Connection,
  tokenOf: TokenOf = 'subscriber',
): string {
  const { code, message, cause } = error;
  // Other errors of the network come later: the connection broke, or the token's file cannot be read.
  if (code === 'NETWORK' && cause instanceof Error && message.includes(': no answer: '))
    return noAnswer(url, cause);
  if (code === 'UNAUTHORIZED') {
    const elsewhere = redirectOf(error);
    if (elsewhere !== null)
      return `${url} redirects to ${elsewhere}, where no token is sent: name that address with --gateway`;
    if (tokenOf === 'webhook')
      return `${url} refuses the publication (401): the token must be the webhook's, not a subscriber's: give it ${tokenHint}`;
    return token === undefined
      ? `${url} requires a token (401): give one ${tokenHint}`
      : `${url} does not know this token (401): give another one ${tokenHint}`;
  }
  if (code === 'DENIED' && tokenOf === 'administrator')
    return `${url} refuses this token (403): it must be an administrator's: give another one ${tokenHint}`;
  if (code === 'NOT_FOUND' && tokenOf === 'webhook')
    return `${message}: name one with --hook (only a gateway on loopback has publish without configuration, as long as webhooks is not set)`;
  if (code === 'DRAINING') return `${url} shuts down or restarts`;
  return message;
}

/** The origin to which a redirect led that took the token away; null: none did. */
export function redirectOf({ message }: FeedError): string | null {
  return /: redirected to (\S+): /.exec(message)?.[1] ?? null;
}

function noAnswer(url: string, cause: Error): string {
  const said = innermost(cause);
  const what = isOfCertificate(said.code)
    ? 'has a certificate that this machine does not trust'
    : 'does not answer';
  const remedy = wayRemedy(said.code);
  const hint = remedy === null ? 'is the gateway up?' : remedy.charAt(0).toLowerCase() + remedy.slice(1);
  return `${url} ${what} (${said.message}): ${hint}`;
}

/** The same error with the message of `faultText`; anything else stays what it is. */
export function asFault(error: unknown, connection: Connection, tokenOf?: TokenOf): unknown {
  if (!(error instanceof FeedError)) return error;
  const text = faultText(error, connection, tokenOf);
  const { code, status, closeCode, retryable, retryMs, detail } = error;
  return new FeedError(code, text, { status, closeCode, retryable, retryMs, detail, cause: error });
}
