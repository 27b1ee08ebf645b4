/**
 * Globs over repository keys and tags: `*` stays within one path segment, `**` crosses segments, and there is
 * no other metacharacter. A translation to RegExp was rejected: `*a*a*a*b` backtracks exponentially there, and
 * patterns come from strangers. The walk below costs at most pattern × text steps.
 */
import { invalidParameter } from '../errors.ts';

/** Longest pattern, in UTF-16 units. With keys of at most ~510 it bounds one match to ~130,000 steps. */
export const maxGlobLength = 256;

const slash = 0x2f;
const withinSegment = -1;
const acrossSegments = -2;

export function isGlob(text: string): boolean {
  return text.includes('*');
}

/** One spelling for equal patterns: a run of three or more `*` says no more than `**`. */
export function canonicalGlob(pattern: string): string {
  return pattern.replace(/\*{3,}/g, '**');
}

/**
 * Compiles a pattern into a predicate over whole texts. `**` matches any text, the empty one included;
 * `*` matches any text without `/`.
 *
 * @throws PARAMETER_INVALID (`pattern`) when it is longer than `maxGlobLength`
 */
export function compileGlob(pattern: string): (text: string) => boolean {
  if (pattern.length > maxGlobLength) {
    throw invalidParameter(
      'pattern',
      `compile pattern: ${pattern.length} characters: at most ${maxGlobLength}`,
    );
  }
  const canonical = canonicalGlob(pattern);
  const star = canonical.indexOf('*');
  if (star === -1) return (text) => text === canonical;
  const prefix = canonical.slice(0, star);
  const rest = canonical.slice(star);
  // The two commonest shapes, `team/**` and `1.*`, need no walk.
  if (rest === '**') return (text) => text.startsWith(prefix);
  if (rest === '*') return (text) => text.startsWith(prefix) && text.indexOf('/', prefix.length) === -1;
  const mayMatch = compilePieces(canonical);
  if (!rest.replaceAll('**', '').includes('*')) return mayMatch;
  // Made anew for the few texts that get there: kept, they would be most of what a pattern takes.
  return (text) => mayMatch(text) && walk(tokenise(rest), text, prefix.length);
}

/**
 * Whether the texts between the wildcards occur in order, the first and last at the ends: all there is to it
 * where every wildcard is `**`, and otherwise a quick no for nearly every text that does not match.
 */
function compilePieces(canonical: string): (text: string) => boolean {
  const pieces = canonical.split(/\*+/);
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  const middle = pieces.slice(1, -1);
  return (text) => {
    if (!text.startsWith(first) || !text.endsWith(last)) return false;
    const end = text.length - last.length;
    let at = first.length;
    for (const piece of middle) {
      const found = text.indexOf(piece, at);
      if (found === -1) return false;
      at = found + piece.length;
    }
    return at <= end;
  };
}

/** Character codes, with negative numbers for the two wildcards. */
function tokenise(pattern: string): Int32Array {
  const tokens: number[] = [];
  for (let at = 0; at < pattern.length; at++) {
    if (pattern[at] !== '*') {
      tokens.push(pattern.charCodeAt(at));
    } else if (pattern[at + 1] === '*') {
      tokens.push(acrossSegments);
      at++;
    } else {
      tokens.push(withinSegment);
    }
  }
  return Int32Array.from(tokens);
}

/** Runs the pattern as a set of states, all at once: state j means "tokens before j match the text so far". */
function walk(tokens: Int32Array, text: string, from: number): boolean {
  const states = new Uint8Array(tokens.length + 1);
  states[0] = 1;
  skipWildcards(tokens, states);
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    let alive = 0;
    // From the right, so that a state that is entered is not left again in the same step.
    for (let state = tokens.length; state >= 0; state--) {
      const token = tokens[state];
      const stays = token === acrossSegments || (token === withinSegment && code !== slash);
      const enters = state > 0 && states[state - 1] === 1 && tokens[state - 1] === code;
      const next = (states[state] === 1 && stays) || enters ? 1 : 0;
      states[state] = next;
      alive |= next;
    }
    if (alive === 0) return false;
    skipWildcards(tokens, states);
  }
  return states[tokens.length] === 1;
}

/** A wildcard may match nothing: whoever stands before it stands behind it too. */
function skipWildcards(tokens: Int32Array, states: Uint8Array): void {
  for (let state = 0; state < tokens.length; state++) {
    if (states[state] === 1 && (tokens[state] ?? 0) < 0) states[state + 1] = 1;
  }
}
