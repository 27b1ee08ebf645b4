/** Request URLs for logs: the token of `/v1/hooks/<name>/<token>` and a GET's payload must not get there. */
const hookPath = /^(\/+v1\/+hooks\/+)([^/?#]*)/i;

/**
 * What may be logged of a request URL: of a hook's only its name, of any other the URL as it is. Encoded letters
 * (`/v1/%68ooks/…`) reach the same route, so the path is decoded before it is compared.
 */
export function redactHookUrl(url: string): string {
  const match = hookPath.exec(decodeOnce(url));
  if (match === null) return url;
  const prefix = `/v1/hooks/${match[2] ?? ''}`;
  const rest = decodeOnce(url).slice(match[0].length);
  return rest === '' || rest === '/' ? prefix : `${prefix}/[redacted]`;
}

function decodeOnce(url: string): string {
  return url.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
