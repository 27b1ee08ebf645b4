import { coreOf, patternOf, wordsOf } from './spellings.ts';

/** What only one text may have. */
interface More {
  readonly secrets?: readonly string[];
  /** URLs of which only the origin is no secret. */
  readonly urls?: readonly string[];
}

/** Replaces secrets in a text by `***`. */
export type Mask = (text: string, more?: More) => string;

type Hide = (text: string) => string;

const shown = '***';
/**
 * A shorter secret may be a part of any word, so that hiding it alone would tell where it is: its whole line is hidden.
 * A shorter part of a URL is hidden only together with the others.
 */
const shortestSecret = 8;

const nothingToHide: Hide = (text) => text;

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
  let hideOwn: Hide | undefined;
  // Most requests of a target have the same URL and credentials.
  let last = { key: '', hide: nothingToHide };
  return (text, { secrets: moreSecrets = [], urls: moreUrls = [] } = {}) => {
    // Made when it is needed: most targets of many never fail.
    hideOwn ??= hiding({ ...own, words: [...own.words, ...parts] });
    const key = [...moreSecrets, '', ...moreUrls].join('\n');
    if (key !== last.key) last = { key, hide: hiding(hiddenOf(moreSecrets, moreUrls)) };
    return last.hide(hideOwn(text));
  };
}

function hiddenOf(secrets: readonly string[], urls: readonly string[]): Hidden {
  return { paths: urls.flatMap(pathsOf), words: secrets.flatMap(wordsOf) };
}

function isLong(word: string): boolean {
  return word.length >= shortestSecret;
}

function hiding({ paths, words }: Hidden): Hide {
  // Only where nothing follows that would make it another path: `/a` is not in `/about`.
  const path = finderOf(paths, '(?![\\w%-])');
  const long = finderOf(words.filter(isLong));
  const short = finderOf(words.filter((word) => !isLong(word)));
  return (text) => {
    const withoutPaths = text.replace(path(text), shown);
    const withoutWords = withoutPaths.replace(long(withoutPaths), shown);
    return hideLines(withoutWords, short(withoutWords));
  };
}

/** Finds nothing. */
const never = /(?!)/g;

/**
 * What finds these words in a text, the longest first: a secret that contains another one must not stay in part. Making
 * it takes milliseconds, so it has only those that the text may have: mostly none, or the same as last time.
 */
function finderOf(words: readonly string[], after = ''): (text: string) => RegExp {
  const all = [...new Set(words)]
    .sort((a, b) => b.length - a.length)
    .map((word) => ({ word, core: coreOf(word) }));
  let last = { key: '', found: never };
  return (text) => {
    const present = all.filter(({ core }) => text.includes(core)).map(({ word }) => word);
    const key = present.join('\0');
    if (key !== last.key) {
      const found = new RegExp(`(?:${present.map(patternOf).join('|')})${after}`, 'g');
      last = { key, found: present.length === 0 ? never : found };
    }
    return last.found;
  };
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
