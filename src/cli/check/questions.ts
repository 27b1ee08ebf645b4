/** Asks for all images, in as few requests as the gateway allows. */
import { FeedError } from '../../../client/src/index.ts';
import { type CheckAnswer, checkAnswers } from '../asking/answers.ts';
import { type Ask, readAnswer } from '../asking/gateway.ts';
import { askGranted } from './granted.ts';
import type { Subject } from './subjects.ts';
import { judge, type Verdict } from './verdict.ts';

/** Most images of one request (PROTOCOL.md, section 9). */
export const maxImages = 1_000;
/** Most further requests for what was too much to read at once. */
export const maxRepeats = 50;

interface Entry {
  readonly image: string;
  readonly digest?: string;
  readonly range?: string;
  readonly platform?: string;
}

/** @param platform of all images; null: any move counts */
export async function checkAll(
  ask: Ask,
  subjects: readonly Subject[],
  platform: string | null,
): Promise<readonly Verdict[]> {
  const entries = subjects.map((subject) => entriesOf(subject, platform));
  const all = await askGranted(ask, entries.flat(), (some) => askInParts(ask, some));
  const answers = all.values();
  return subjects.map((subject, at) => {
    const own = Array.from(entries[at] ?? [], () => answers.next().value);
    const [first, ...rest] = own.filter((answer) => answer !== undefined);
    if (first === undefined)
      throw new Error(`check ${subject.image}: no answer: must be one for each question`);
    return judge(subject, [first, ...rest]);
  });
}

/** One for each digest that may be there. */
function entriesOf({ image, digests, range }: Subject, platform: string | null): readonly Entry[] {
  const shared = { image, ...(range === null ? {} : { range }), ...(platform === null ? {} : { platform }) };
  return digests.length === 0 ? [shared] : digests.map((digest) => ({ ...shared, digest }));
}

/** One request, if there are not too many images. */
async function askInParts(ask: Ask, entries: readonly Entry[]): Promise<readonly CheckAnswer[]> {
  const answers: CheckAnswer[] = [];
  for (const part of partsOf(entries)) answers.push(...(await askOnce(ask, part)));
  await askAgain(ask, entries, answers);
  return answers;
}

/**
 * One request reads a bounded number of rows. What the gateway could not answer for that reason is asked again with
 * fewer images beside it.
 */
async function askAgain(ask: Ask, entries: readonly Entry[], answers: CheckAnswer[]): Promise<void> {
  const isOpen = (at: number) => answers[at]?.reason === 'too-many-rows';
  const groups = fewer([...entries.keys()].filter(isOpen), entries.length);
  for (let repeats = 0; repeats < maxRepeats; repeats++) {
    const group = groups.shift();
    if (group === undefined) return;
    const again = await askOnce(
      ask,
      group.flatMap((at) => entries[at] ?? []),
    );
    for (const [index, at] of group.entries()) {
      const answer = again[index];
      if (answer !== undefined) answers[at] = answer;
    }
    groups.push(...fewer(group.filter(isOpen), group.length));
  }
}

/** Those that are left, if some were answered; else halves of them. */
function fewer(open: readonly number[], asked: number): (readonly number[])[] {
  if (open.length < asked) return partsOf(open);
  if (asked <= 1) return [];
  const half = Math.ceil(asked / 2);
  return [...partsOf(open.slice(0, half)), ...partsOf(open.slice(half))];
}

function partsOf<T>(list: readonly T[]): (readonly T[])[] {
  const parts: (readonly T[])[] = [];
  for (let from = 0; from < list.length; from += maxImages) parts.push(list.slice(from, from + maxImages));
  return parts;
}

async function askOnce(ask: Ask, entries: readonly Entry[]): Promise<readonly CheckAnswer[]> {
  const path = '/v1/check';
  const { images } = readAnswer(path, checkAnswers, await ask({ path, body: { images: entries } }));
  if (images.length === entries.length) return images;
  const rule = `must be one for each of ${entries.length} images`;
  throw new FeedError('PROTOCOL', `read ${path}: ${images.length} answers: ${rule}`, { retryable: false });
}
