import { patternOf, wordsOf } from './spellings.ts';

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

/** What is to be hidden. */
interface Hidden {
  /** With and without what follows. */
  readonly paths: readonly string[];
  readonly words: readonly string[];
}

/**
 * Hides these secrets, also as tools repeat them (`spellings.ts`). Of a URL it hides path and query, and each long part
 * of them.
 *
 * @param secrets tokens, passwords, keys
 * @param urls URLs of which only the origin is no secret; they may have placeholders
 */
export function maskOf(secrets: readonly string[], urls: readonly string[]): Mask {
  const own = hiddenOf(secrets, urls);
  const parts = urls.flatMap(partsOf).filter(isLong).flatMap(wordsOf);
  let hideOwn: ((text: string) => string) | undefined;
  return (text, { secrets: moreSecrets = [], urls: moreUrls = [] } = {}) => {
    // Made when it is needed: most targets of many never fail.
    hideOwn ??= hiding({ ...own, words: [...own.words, ...parts] });
    const hidden = hideOwn(text);
    const isMore = moreSecrets.length + moreUrls.length > 0;
    return isMore ? hiding(hiddenOf(moreSecrets, moreUrls))(hidden) : hidden;
  };
}

function hiddenOf(secrets: readonly string[], urls: readonly string[]): Hidden {
  return { paths: urls.flatMap(pathsOf), words: secrets.flatMap(wordsOf) };
}

function isLong(word: string): boolean {
  return word.length >= shortestSecret;
}

function hiding({ paths, words }: Hidden): (text: string) => string {
  // Only where nothing follows that would make it another path: `/a` is not in `/about`.
  const path = anyOf(paths, '(?![\\w%-])');
  const long = anyOf(words.filter(isLong));
  const short = anyOf(words.filter((word) => !isLong(word)));
  return (text) => {
    const withoutPaths = path === null ? text : text.replace(path, shown);
    const withoutWords = long === null ? withoutPaths : withoutPaths.replace(long, shown);
    return short === null ? withoutWords : hideLines(withoutWords, short);
  };
}

/** The longest first: a secret that contains another one must not stay in part. Null: there is nothing to find. */
function anyOf(words: readonly string[], after = ''): RegExp | null {
  const all = [...new Set(words)].sort((a, b) => b.length - a.length);
  return all.length === 0 ? null : new RegExp(`(?:${all.map(patternOf).join('|')})${after}`, 'g');
}

/** A status at its beginning stays. */
function hideLines(text: string, word: RegExp): string {
  const hide = (line: string) => {
    const [status = ''] = /^status \d{3}: /.exec(line) ?? [];
    return line.slice(status.length).search(word) >= 0 ? `${status}${shown}` : line;
  };
  return text.split('\n').map(hide).join('\n');
}

/** Path and query, as they may stand in an answer; not `/` alone. */
function pathsOf(url: string): readonly string[] {
  const parsed = URL.parse(url);
  if (parsed === null) return [];
  const { pathname, search } = parsed;
  const paths = [`${pathname}${search}`, pathname, search].filter((part) => part.length > 1);
  return paths.flatMap((path) => [path, decoded(path)]);
}

/** What stands between the separators and placeholders of path and query. */
function partsOf(url: string): readonly string[] {
  const parsed = URL.parse(url);
  if (parsed === null) return wordsOf(url);
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
