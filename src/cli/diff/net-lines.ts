/** The lines of `manifeed diff --since`. */
import type { Output } from '../asking/output.ts';
import { escapeText, jsonLine } from '../output/escape.ts';
import { fullDigest, referenceOf, shortDigest } from '../output/names.ts';
import type { Style } from '../output/terminal.ts';
import { localTime } from '../output/times.ts';
import type { NetDifference } from './net.ts';

const styles: Readonly<Record<NetDifference['type'], Style>> = {
  created: 'green',
  moved: 'yellow',
  deleted: 'red',
  unknown: 'cyan',
};
const wordWidth = 7;

/** Time of the last change, type, reference, digest, and digest before: as `manifeed watch`. */
export function netLine(difference: NetDifference, { format, out }: Pick<Output, 'format' | 'out'>): string {
  if (format === 'json') return jsonLine(difference);
  const { type, digest, previousDigest, lastChangeAt } = difference;
  const reference = escapeText(referenceOf(difference));
  if (format === 'tabs')
    return [escapeText(lastChangeAt), type, reference, fullDigest(digest), fullDigest(previousDigest)].join(
      '\t',
    );
  const word = out.paint(styles[type], type.padEnd(wordWidth));
  const digests = [previousDigest, digest].filter((each) => each !== null).map(shortDigest);
  return [
    out.paint('dim', localTime(lastChangeAt)),
    word,
    reference,
    out.paint('dim', digests.join(' → ')),
  ].join('  ');
}
