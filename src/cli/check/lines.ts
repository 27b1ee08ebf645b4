/** The lines of `manifeed check`. */
import type { Output } from '../asking/output.ts';
import { escapeText, jsonLine } from '../output/escape.ts';
import { fullDigest, nothing, shortDigest } from '../output/names.ts';
import type { Style } from '../output/terminal.ts';
import { notGranted } from './granted.ts';
import type { Verdict, Word } from './verdict.ts';

const styles: Readonly<Record<Word, Style>> = {
  moved: 'yellow',
  newer: 'green',
  deleted: 'red',
  current: 'dim',
  unknown: 'cyan',
};
const wordWidth = 7;

/** Why an answer is in doubt, for people. Reasons of later gateways are shown as they are. */
const reasonTexts: Readonly<Record<string, string>> = {
  unknown: 'no such tag is known',
  [notGranted]: 'this token may not see it',
  deleted: 'the tag is gone',
  'no-digest': 'its digest is not known yet',
  'not-confirmed': 'not confirmed lately',
  'not-listed': 'not all tags are known',
  'too-many-rows': 'too many tags to read at once',
  'platform-unknown': "its platform's manifest is not known",
};

/** In the order of the verdicts. */
export function checkLines(
  verdicts: readonly Verdict[],
  { format, out }: Pick<Output, 'format' | 'out'>,
): readonly string[] {
  if (format === 'json') return verdicts.map(json);
  if (format === 'tabs') return verdicts.map(tabbed);
  const images = verdicts.map(({ subject }) => escapeText(nameOf(subject.image)));
  // Not by spread arguments: there may be more images than a call may have arguments.
  const width = images.reduce((most, { length }) => Math.max(most, length), 0);
  return verdicts.map((verdict, at) => {
    const word = out.paint(styles[verdict.word], verdict.word.padEnd(wordWidth));
    const name = (images[at] ?? '').padEnd(width);
    return [word, name, ...details(verdict).map((text) => out.paint('dim', text))].join('  ').trimEnd();
  });
}

/** The answer as the gateway sent it, behind what is known here. */
function json({ word, subject, answer }: Verdict): string {
  const { places, range } = subject;
  return jsonLine({ verdict: word, places, had: hadOf(subject), range, ...answer });
}

/** Word, image, the digests that were there, digest now, newest tag, its digest, and reason. */
function tabbed({ word, subject, answer, newest }: Verdict): string {
  return [
    word,
    escapeText(nameOf(subject.image)),
    hadOf(subject).map(escapeText).join(',') || nothing,
    fullDigest(answer.digest),
    newest === null ? nothing : escapeText(newest.tag),
    fullDigest(newest?.digest ?? null),
    answer.reason === null ? nothing : escapeText(answer.reason),
  ].join('\t');
}

function details({ word, subject, answer, newest }: Verdict): readonly string[] {
  const { reason } = answer;
  const [had = null] = hadOf(subject);
  const moved = word === 'moved' ? [`${shortDigest(had)} → ${shortDigest(answer.digest)}`] : [];
  const newer = newest === null ? [] : [`newest ${escapeText(newest.tag)} ${shortDigest(newest.digest)}`];
  const doubt = reason === null ? [] : [`(${textOf(reason)})`];
  return [...moved, ...newer, ...doubt];
}

/** A stranger's reason may have the name of a member that every object has. */
function textOf(reason: string): string {
  return (Object.hasOwn(reasonTexts, reason) ? reasonTexts[reason] : undefined) ?? escapeText(reason);
}

/** The image without the digest that is written in it. */
function nameOf(image: string): string {
  return image.split('@', 1)[0] ?? image;
}

/** The digests that are there, or the one that is written in the image. */
function hadOf({ digests, image }: Verdict['subject']): readonly string[] {
  const written = image.split('@')[1];
  return digests.length > 0 || written === undefined ? digests : [written];
}
