/** What the system said of a request without an answer. */
import { messageOf } from '../../errors.ts';

/** Codes of OpenSSL for an answer that is no TLS: the other side speaks HTTP without it. */
export const speaksPlainHttp = /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/;

/** Most causes within one another that are looked at. */
const maxDepth = 8;

/** The cause that names what the system said. */
export function innermost(error: Error): { readonly code: string; readonly message: string } {
  let found: Error = error;
  for (let depth = 0; depth < maxDepth && found.cause instanceof Error; depth++) found = found.cause;
  // Of several addresses each has its own; the first one says enough.
  if (found instanceof AggregateError && found.errors[0] instanceof Error) found = found.errors[0];
  const code = 'code' in found && typeof found.code === 'string' ? found.code : '';
  if (speaksPlainHttp.test(code)) return { code, message: 'it speaks HTTP without TLS' };
  // OpenSSL's own message has a file, a line and the end of a line.
  const reason =
    code.startsWith('ERR_SSL') && 'reason' in found && typeof found.reason === 'string' ? found.reason : '';
  return { code, message: reason || messageOf(found) || code };
}
