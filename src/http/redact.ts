/** What may be logged of a request's target. Every log line uses it (PROTOCOL.md, G15). */
import { decodeFully, redactHookUrl } from '../source/webhook/log/redact.ts';
import { maskToken } from '../transport/access-token.ts';

/** A token where `maskToken` does not look: behind an encoded `?`, `&` or `=`, or in a path. */
const strayToken = /(access_token)(?!=\*\*\*(?:[&#]|$))[^&#/]*/gi;

/** Removes path tokens of hooks, payloads and `access_token` from a target, in every spelling. */
export function createRedaction(
  webhooks: readonly { readonly pathToken?: string | undefined }[],
): (target: string) => string {
  const pathTokens = new Set(webhooks.flatMap(({ pathToken }) => pathToken ?? []));
  return (target) => {
    const masked = maskToken(redactHookUrl(target, pathTokens));
    const decoded = decodeFully(masked);
    const isStray = decoded.search(strayToken) >= 0;
    return isStray ? decoded.replace(strayToken, '$1=***') : masked;
  };
}
