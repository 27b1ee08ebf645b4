/** The lines of `manifeed diff LEFT RIGHT`. */
import type { Output } from '../asking/output.ts';
import { escapeText, jsonLine } from '../output/escape.ts';
import { fullDigest, nothing, shortDigest } from '../output/names.ts';
import type { Style } from '../output/terminal.ts';

/** The names of both sides: what stands before `repository` of a difference. */
export interface Names {
  readonly left: string;
  readonly right: string;
}

export interface Difference {
  /** `unknown`: both sides have the tag, but the digest of one is not known. */
  readonly type: 'different' | 'unknown' | 'only-left' | 'only-right';
  /** What follows the name of the side; empty if two repositories are compared. */
  readonly repository: string;
  readonly tag: string;
  readonly left: string | null;
  readonly right: string | null;
}

const words: Readonly<Record<Difference['type'], { readonly word: string; readonly style: Style }>> = {
  different: { word: 'different', style: 'yellow' },
  unknown: { word: 'unknown', style: 'cyan' },
  'only-left': { word: 'only left', style: 'red' },
  'only-right': { word: 'only right', style: 'green' },
};
const wordWidth = 10;

/** Type, the reference on either side, and its digest there; `-` where it has none. */
export function differenceLine(
  difference: Difference,
  names: Names,
  { format, out }: Pick<Output, 'format' | 'out'>,
): string {
  const { type, repository, tag, left, right } = difference;
  if (format === 'json') return jsonLine({ type, repository, tag, left, right });
  const reference = (name: string) => escapeText(`${name}${repository}:${tag}`);
  if (format === 'tabs') {
    const sides = [
      type === 'only-right' ? nothing : reference(names.left),
      type === 'only-left' ? nothing : reference(names.right),
    ];
    return [type, ...sides, fullDigest(left), fullDigest(right)].join('\t');
  }
  const { word, style } = words[type];
  const digests = {
    different: `${shortDigest(left)} ≠ ${shortDigest(right)}`,
    unknown: `${shortDigest(left)} ? ${shortDigest(right)}`,
    'only-left': shortDigest(left),
    'only-right': shortDigest(right),
  };
  const named = reference(type === 'only-right' ? names.right : names.left);
  return [out.paint(style, word.padEnd(wordWidth)), named, out.paint('dim', digests[type])].join('  ');
}
