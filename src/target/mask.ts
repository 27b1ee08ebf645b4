/** Replaces secrets in a text by `***`. @param more secrets that only this text may have */
export type Mask = (text: string, more?: Iterable<string>) => string;

const shown = '***';
/** A part of a URL's path or query that is as long as this is hidden where it stands alone too. */
const shortestPart = 8;

/**
 * Hides these secrets; of a URL its path and query, and each long part of them.
 *
 * @param secrets tokens, passwords, keys: hidden as they are, and as base64
 * @param urls URLs of which only the origin is no secret
 */
export function maskOf(secrets: readonly string[], urls: readonly string[]): Mask {
  const words = [...secrets, ...secrets.map(base64), ...urls.flatMap(partsOf)];
  return (text, more = []) => {
    const all = [...new Set([...words, ...more])].filter((word) => word !== '');
    // The longest first: a secret that contains another one must not stay in part.
    all.sort((a, b) => b.length - a.length);
    return all.reduce((masked, word) => masked.replaceAll(word, shown), text);
  };
}

function base64(secret: string): string {
  return Buffer.from(secret).toString('base64');
}

function partsOf(url: string): readonly string[] {
  const parsed = URL.parse(url);
  if (parsed === null) return [url];
  const { pathname, search } = parsed;
  const whole = [`${pathname}${search}`, pathname, search].filter((part) => part.length > 1);
  const parts = [...pathname.split('/'), ...parsed.searchParams.values()];
  const long = parts.flatMap((part) => [part, decoded(part)]).filter((part) => part.length >= shortestPart);
  return [...whole, ...long];
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
