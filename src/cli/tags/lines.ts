/** The lines of `manifeed tags`. */
import type { TagRow } from '../asking/answers.ts';
import type { Output } from '../asking/output.ts';
import { widthOf } from '../output/columns.ts';
import { escapeText, jsonLine } from '../output/escape.ts';
import { fullDigest, referenceOf, shortDigest } from '../output/names.ts';
import { localTime } from '../output/times.ts';

/** Time of the last move, reference and digest; with `--json` the row as the gateway sent it. */
export function tagLines(
  rows: readonly TagRow[],
  { format, out }: Pick<Output, 'format' | 'out'>,
): readonly string[] {
  if (format === 'json') return rows.map(jsonLine);
  const references = rows.map((row) => escapeText(referenceOf(row)));
  const width = widthOf(references);
  return rows.map(({ updatedAt, digest }, at) => {
    const reference = references[at] ?? '';
    if (format === 'tabs') return [escapeText(updatedAt), reference, fullDigest(digest)].join('\t');
    const time = out.paint('dim', localTime(updatedAt));
    return [time, reference.padEnd(width), out.paint('dim', shortDigest(digest))].join('  ');
  });
}
