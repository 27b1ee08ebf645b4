/**
 * Globs over repository keys and tags. `*` stays within one path segment, `**` crosses segments; there is no
 * other metacharacter. Patterns come from strangers, so they are not translated to RegExp: `*a*a*a*b` would
 * backtrack exponentially. Instead the matcher walks a set of possible ends, at most one for each segment.
 */
import { invalidParameter } from '../errors.ts';

/** Longest pattern, in UTF-16 units. */
export const maxGlobLength = 256;
/** Most wildcards in one pattern of a subscriber. It bounds the cost of one match to `maxGlobSteps`. */
export const maxWildcards = 8;
/**
 * Most steps that a pattern with `maxWildcards` takes for a string of at most 511 characters (a host and a name
 * of 255 each): nine pieces, each searched once in each of at most 256 segments.
 */
export const maxGlobSteps = 12_000;

/** Counts work, so that code that judges many patterns knows when to yield. */
export interface Work {
  /** A step is one search for a short string: 10 to 90 ns. */
  steps: number;
  readonly limit: number;
}

/** Whether a glob matches a whole string. Adds its cost to `work`; default: uncounted. */
export type GlobMatcher = (text: string, work?: Work) => boolean;

const uncounted: Work = { steps: 0, limit: Number.POSITIVE_INFINITY };

/** Whether a string is a glob, not an exact name. */
export function isGlob(text: string): boolean {
  return text.includes('*');
}

/** Gives equal patterns one spelling: three or more `*` in a row mean the same as `**`. */
export function canonicalGlob(pattern: string): string {
  return pattern.replace(/\*{3,}/g, '**');
}

/** `**` counts as one. */
export function wildcardsOf(pattern: string): number {
  let count = 0;
  for (let at = pattern.indexOf('*'); at !== -1; at = pattern.indexOf('*', at)) {
    count++;
    while (pattern[at] === '*') at++;
  }
  return count;
}

/**
 * Compiles a pattern into a predicate over whole strings. `**` matches any string, even an empty one; `*` matches
 * any string without `/`. The predicate adds its cost to `work`.
 *
 * @throws PARAMETER_INVALID (`pattern`) if it is longer than `maxGlobLength`
 */
export function compileGlob(pattern: string): GlobMatcher {
  if (pattern.length > maxGlobLength) {
    throw invalidParameter(
      'pattern',
      `compile pattern: ${pattern.length} characters: at most ${maxGlobLength}`,
    );
  }
  const canonical = canonicalGlob(pattern);
  const star = canonical.indexOf('*');
  if (star === -1) return counted((text) => text === canonical);
  const prefix = canonical.slice(0, star);
  const rest = canonical.slice(star);
  // The two most common forms, `team/**` and `1.*`, need no walk.
  if (rest === '**') return counted((text) => text.startsWith(prefix));
  if (rest === '*') {
    return counted((text) => text.startsWith(prefix) && text.indexOf('/', prefix.length) === -1);
  }
  const pieces = canonical.split(/\*+/);
  const crosses = canonical.match(/\*+/g)?.map((run) => run.length > 1) ?? [];
  if (crosses.every((each) => each)) return (text, work = uncounted) => holdsInOrder(pieces, text, work);
  return (text, work = uncounted) =>
    holdsInOrder(pieces, text, work) && reachesEnd({ pieces, crosses, text, work });
}

function counted(matches: (text: string) => boolean): GlobMatcher {
  return (text, work = uncounted) => {
    work.steps++;
    return matches(text);
  };
}

/**
 * Whether the pieces between the wildcards occur in order, the first and the last at the ends. This decides a
 * pattern whose wildcards are all `**`. For other patterns it quickly rejects most strings that do not match.
 */
function holdsInOrder(pieces: readonly string[], text: string, work: Work): boolean {
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  work.steps += 2;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (let index = 1; index < pieces.length - 1; index++) {
    const piece = pieces[index] ?? '';
    at = search(piece, text, at, work);
    if (at === -1) return false;
    at += piece.length;
  }
  return at <= text.length - last.length;
}

/** Counts a long piece as several steps, because it takes longer to compare. */
function search(piece: string, text: string, from: number, work: Work): number {
  work.steps += 1 + (piece.length >> 3);
  return text.indexOf(piece, from);
}

interface Walk {
  readonly pieces: readonly string[];
  /** Whether the wildcard after each piece crosses segments. */
  readonly crosses: readonly boolean[];
  readonly text: string;
  readonly work: Work;
}

/**
 * Of two possible ends in one segment only the earlier one matters, because whatever can follow the later one can
 * follow it too. So each piece costs at most one search for each segment.
 */
function reachesEnd(walk: Walk): boolean {
  const { pieces, crosses, text, work } = walk;
  let ends: readonly number[] = [pieces[0]?.length ?? 0];
  for (let index = 1; index < pieces.length - 1; index++) {
    const piece = pieces[index] ?? '';
    if (!crosses[index - 1]) ends = endsWithin(piece, ends, walk);
    else ends = endsAnywhere(piece, ends[0] ?? 0, crosses[index] === true, walk);
    if (ends.length === 0) return false;
  }
  const start = text.length - (pieces.at(-1)?.length ?? 0);
  if (crosses.at(-1)) return (ends[0] ?? 0) <= start;
  return ends.some((end) => {
    work.steps++;
    const slash = text.indexOf('/', end);
    return end <= start && (slash === -1 || slash >= start);
  });
}

/** After `**`: the earliest end; if a `*` follows, the earliest end in each segment. */
function endsAnywhere(piece: string, from: number, earliestOnly: boolean, { text, work }: Walk): number[] {
  const ends: number[] = [];
  let at = search(piece, text, from, work);
  while (at !== -1) {
    ends.push(at + piece.length);
    const slash = text.indexOf('/', at + piece.length);
    if (earliestOnly || slash === -1) break;
    at = search(piece, text, Math.max(at + 1, slash + 1 - piece.length), work);
  }
  return ends;
}

/** After `*`: at most one end for each end before, because the piece's first slash must be the text's next one. */
function endsWithin(piece: string, from: readonly number[], { text, work }: Walk): number[] {
  const ends: number[] = [];
  const slashAt = piece.indexOf('/');
  for (const end of from) {
    const next = text.indexOf('/', end);
    const slash = next === -1 ? text.length : next;
    if (slashAt === -1) {
      const at = search(piece, text, end, work);
      if (at === -1) break;
      if (at < slash) ends.push(at + piece.length);
    } else {
      work.steps += 1 + (piece.length >> 3);
      const at = slash - slashAt;
      if (next !== -1 && at >= end && text.startsWith(piece, at)) ends.push(at + piece.length);
    }
  }
  return ends;
}
