/** A token that covers only a part of the images: the others are checked all the same. */
import { z } from 'zod';
import { FeedError } from '../../../client/src/index.ts';
import { splitRange } from '../../event/image-range.ts';
import { PatternList } from '../../event/pattern-list.ts';
import { parseReference, repositoryKey } from '../../event/reference.ts';
import type { CheckAnswer } from '../asking/answers.ts';
import { type Ask, readAnswer } from '../asking/gateway.ts';

const accessAnswer = z.looseObject({ repositories: z.array(z.string()), defaultRegistry: z.string() });

/** The reason in an answer about an image that the token does not cover. It is made here, not by the gateway. */
export const notGranted = 'not-granted';

/**
 * Asks for all. If the gateway refuses that because of the token, it asks for what the token covers, and answers
 * `not-granted` for the rest.
 *
 * @param askAll gives one answer for each entry
 * @throws FeedError as `askAll`, also if the token's repositories do not explain the refusal
 */
export async function askGranted<Entry extends { readonly image: string }>(
  ask: Ask,
  entries: readonly Entry[],
  askAll: (entries: readonly Entry[]) => Promise<readonly CheckAnswer[]>,
): Promise<readonly CheckAnswer[]> {
  try {
    return await askAll(entries);
  } catch (error) {
    if (!(error instanceof FeedError) || error.code !== 'DENIED') throw error;
    const isGranted = await readGrant(ask);
    const granted = entries.filter(isGranted);
    if (granted.length === entries.length) throw error;
    const answers = new Map<Entry, CheckAnswer>();
    const given = granted.length === 0 ? [] : await askAll(granted);
    for (const [at, answer] of given.entries()) {
      const entry = granted[at];
      if (entry !== undefined) answers.set(entry, answer);
    }
    return entries.map((entry) => answers.get(entry) ?? refusal(entry.image));
  }
}

/** Whether the token covers the repository of an image (PROTOCOL.md, section 3, `GET /v1/access`). */
async function readGrant(ask: Ask): Promise<(entry: { readonly image: string }) => boolean> {
  const path = '/v1/access';
  const { repositories, defaultRegistry } = readAnswer(path, accessAnswer, await ask({ path }));
  const granted = new PatternList(repositories);
  return ({ image }) => {
    const { rest } = splitRange(image, defaultRegistry);
    return granted.matches(repositoryKey(parseReference(rest, { defaultRegistry, parameter: 'image' })));
  };
}

function refusal(image: string): CheckAnswer {
  const nothing = { digest: null, moved: null, newest: null, checkedAt: null };
  return { image, ...nothing, certain: false, reason: notGranted };
}
