/** Asks for all images, in as few requests as the gateway allows. */
import { FeedError } from '../../../client/src/index.ts';
import { type CheckAnswer, checkAnswers } from '../asking/answers.ts';
import { type Ask, readAnswer } from '../asking/gateway.ts';
import type { Subject } from './subjects.ts';
import { judge, type Verdict } from './verdict.ts';

/** Most images of one request (PROTOCOL.md, section 9). */
export const maxImages = 1_000;

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
  const answers = (await askInParts(ask, entries.flat())).values();
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

/**
 * One request, if there are not too many images. What the gateway could not answer because it would have had to read
 * too much is asked again in a request of its own, as long as that helps.
 */
async function askInParts(ask: Ask, entries: readonly Entry[]): Promise<readonly CheckAnswer[]> {
  const answers: CheckAnswer[] = [];
  for (let from = 0; from < entries.length; from += maxImages)
    answers.push(...(await askOnce(ask, entries.slice(from, from + maxImages))));
  const open = answers.flatMap(({ reason }, at) => (reason === 'too-many-rows' ? [at] : []));
  if (open.length === 0 || open.length === entries.length) return answers;
  const again = await askInParts(
    ask,
    open.flatMap((at) => entries[at] ?? []),
  );
  for (const [index, at] of open.entries()) {
    const answer = again[index];
    if (answer !== undefined) answers[at] = answer;
  }
  return answers;
}

async function askOnce(ask: Ask, entries: readonly Entry[]): Promise<readonly CheckAnswer[]> {
  const path = '/v1/check';
  const { images } = readAnswer(path, checkAnswers, await ask({ path, body: { images: entries } }));
  if (images.length === entries.length) return images;
  const rule = `must be one for each of ${entries.length} images`;
  throw new FeedError('PROTOCOL', `read ${path}: ${images.length} answers: ${rule}`, { retryable: false });
}
