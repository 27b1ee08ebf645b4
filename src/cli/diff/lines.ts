/** The lines of `manifeed diff LEFT RIGHT`. */
import type { Output } from '../asking/output.ts';
import { widthOf } from '../output/columns.ts';
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
export function differenceLines(
  differences: readonly Difference[],
  names: Names,
  { format, out }: Pick<Output, 'format' | 'out'>,
): readonly string[] {
  if (format === 'json')
    return differences.map(({ type, repository, tag, left, right }) =>
      jsonLine({ type, repository, tag, left, right }),
    );
  if (format === 'tabs') return differences.map((difference) => tabbed(difference, names));
  const references = differences.map((each) =>
    referenceOn(each.type === 'only-right' ? names.right : names.left, each),
  );
  const width = widthOf(references);
  return differences.map(({ type, left, right }, at) => {
    const { word, style } = words[type];
    const digests = {
      different: `${shortDigest(left)} ≠ ${shortDigest(right)}`,
      unknown: `${shortDigest(left)} ? ${shortDigest(right)}`,
      'only-left': shortDigest(left),
      'only-right': shortDigest(right),
    };
    const name = (references[at] ?? '').padEnd(width);
    return [out.paint(style, word.padEnd(wordWidth)), name, out.paint('dim', digests[type])].join('  ');
  });
}

function tabbed(difference: Difference, names: Names): string {
  const { type, left, right } = difference;
  return [
    type,
    type === 'only-right' ? nothing : referenceOn(names.left, difference),
    type === 'only-left' ? nothing : referenceOn(names.right, difference),
    fullDigest(left),
    fullDigest(right),
  ].join('\t');
}

/** @param name of the side */
function referenceOn(name: string, { repository, tag }: Difference): string {
  return escapeText(`${name}${repository}:${tag}`);
}
