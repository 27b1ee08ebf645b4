/** What may be logged of a request's target. Every log line uses it (PROTOCOL.md, G15). */
import { maskToken } from '../transport/head.ts';

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

/** The token of `/v1/hooks/<name>/<token>` and a GET's payload must not be logged. */
const hookPath = /\/+v1\/+hooks\/+([^/?#]*)/i;
/** What may be logged of a path before `/v1/hooks`: a plain prefix that a proxy left on. */
const plainPrefix = /^(?:\/[A-Za-z0-9._-]{1,64}){0,8}$/;
/** Most rounds of decoding: a proxy may have encoded a path again. */
const maxDecodings = 3;

/**
 * What may be logged of a request target, in origin or absolute form: of a hook its name; of anything else the
 * target, with path tokens masked.
 *
 * @param pathTokens all that are configured
 */
export function redactHookUrl(target: string, pathTokens: ReadonlySet<string> = new Set()): string {
  const local = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');
  // Encoded letters (`/v1/%68ooks/…`) reach the same route.
  const decoded = decodeFully(local);
  const match = hookPath.exec(decoded);
  if (match === null) return maskParts(decoded, pathTokens) ?? local;
  const before = decoded.slice(0, match.index);
  const prefix = plainPrefix.test(before) ? before : '/[redacted]';
  const name = match[1] ?? '';
  const rest = decoded.slice(match.index + match[0].length);
  const path = `${prefix}/v1/hooks/${name}${rest === '' || rest === '/' ? '' : '/[redacted]'}`;
  return maskParts(path, pathTokens) ?? path;
}

function maskParts(target: string, pathTokens: ReadonlySet<string>): string | null {
  if (pathTokens.size === 0) return null;
  const parts = target.split(/([/?#&=;])/);
  if (!parts.some((part) => pathTokens.has(part))) return null;
  return parts.map((part) => (pathTokens.has(part) ? '[redacted]' : part)).join('');
}

/** Decodes ASCII leniently: an invalid escape stays as it is. */
function decodeFully(text: string): string {
  let decoded = text;
  for (let count = 0; count < maxDecodings && decoded.includes('%'); count += 1)
    decoded = decodeOnce(decoded);
  return decoded;
}

function decodeOnce(text: string): string {
  return text.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
