/** What only one text may have. */
interface More {
  readonly secrets?: readonly string[];
  /** URLs of which only the origin is no secret. */
  readonly urls?: readonly string[];
}

/** Replaces secrets in a text by `***`. */
export type Mask = (text: string, more?: More) => string;

const shown = '***';
/**
 * A shorter secret may be a part of any word, so that hiding it alone would tell where it is: its whole line is hidden.
 * A shorter part of a URL is hidden only together with the others.
 */
const shortestSecret = 8;

/**
 * Hides these secrets, also as tools repeat them: encoded for URLs, JSON, HTML and Basic authentication. Of a URL it
 * hides path and query, and each long part of them.
 *
 * @param secrets tokens, passwords, keys
 * @param urls URLs of which only the origin is no secret; they may have placeholders
 */
export function maskOf(secrets: readonly string[], urls: readonly string[]): Mask {
  const words = [...secrets.flatMap(spellings), ...urls.flatMap(partsOf).filter(isLong)];
  const paths = urls.flatMap(pathsOf);
  return (text, more = {}) => {
    const all = [...words, ...(more.secrets ?? []).flatMap(spellings)];
    const withoutPaths = hidePaths(text, [...paths, ...(more.urls ?? []).flatMap(pathsOf)]);
    const withoutWords = hideAll(withoutPaths, all.filter(isLong));
    const short = all.filter((word) => !isLong(word));
    return hideLines(withoutWords, short);
  };
}

function isLong(word: string): boolean {
  return word.length >= shortestSecret;
}

/** Path and query, as they may stand in an answer; not `/` alone. */
function pathsOf(url: string): readonly string[] {
  const parsed = URL.parse(url);
  if (parsed === null) return [];
  const { pathname, search } = parsed;
  const paths = [`${pathname}${search}`, pathname, search].filter((part) => part.length > 1);
  return paths.flatMap((path) => [
    path,
    decoded(path),
    path.replaceAll('/', '\\/'),
    encodeURIComponent(path),
  ]);
}

/** The longest first: a secret that contains another one must not stay in part. */
function hideAll(text: string, words: readonly string[]): string {
  const all = [...new Set(words)].sort((a, b) => b.length - a.length);
  return all.reduce((masked, word) => masked.replaceAll(word, shown), text);
}

/** Only where nothing follows that would make it another path: `/a` is not in `/about`. */
function hidePaths(text: string, paths: readonly string[]): string {
  const all = [...new Set(paths)].sort((a, b) => b.length - a.length);
  return all.reduce((masked, path) => {
    const parts = masked.split(path);
    return parts.reduce((before, after) => `${before}${/^[\w%-]/.test(after) ? path : shown}${after}`);
  }, text);
}

/** A status at its beginning stays. */
function hideLines(text: string, words: readonly string[]): string {
  const all = new Set(words.filter((word) => word !== ''));
  if (all.size === 0) return text;
  const hide = (line: string) => {
    const [status = ''] = /^status \d{3}: /.exec(line) ?? [];
    const rest = line.slice(status.length);
    return [...all].some((word) => rest.includes(word)) ? `${status}${shown}` : line;
  };
  return text.split('\n').map(hide).join('\n');
}

/** A secret, and how it may stand in an answer. */
function spellings(secret: string): readonly string[] {
  const plain = [secret, secret.replace(/^whsec_/, ''), secret.replace(/\s+/g, ' ').trim()];
  const encoded = Buffer.from(secret);
  const inUrl = encodeURIComponent(secret.toWellFormed());
  const inForm = new URLSearchParams({ '': secret }).toString().slice(1);
  const inHtml = secret.replace(/[&<>"]/g, (each) => entities[each] ?? each);
  return [
    ...plain,
    ...[inUrl, inForm, inForm.replaceAll('+', '%20')].flatMap((each) => [
      each,
      each.replace(/%../g, (code) => code.toLowerCase()),
    ]),
    ...[inHtml, inHtml.replaceAll("'", '&#39;'), inHtml.replaceAll("'", '&#x27;')],
    ...[JSON.stringify(secret).slice(1, -1), JSON.stringify(secret).slice(1, -1).replaceAll('/', '\\/')],
    ...[encoded.toString('base64').replace(/=+$/, ''), encoded.toString('base64url')],
  ].filter((each) => each !== '');
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** What stands between the separators and placeholders of path and query. */
function partsOf(url: string): readonly string[] {
  const parsed = URL.parse(url);
  if (parsed === null) return spellings(url);
  const parts = `${parsed.pathname}${parsed.search}`.split(/[/?&=;]|\$(?:\{|%7B)change[^}%]*(?:\}|%7D)/i);
  return parts.flatMap((part) => [part, decoded(part), decoded(part.replaceAll('+', ' '))]);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
