/** `manifeed check` with a token that covers a part of the images. */
import { describe, expect, it } from 'vitest';
import { FeedError } from '../../../../client/src/index.ts';
import type { Asked } from '../../../../src/cli/asking/gateway.ts';
import { checkAll } from '../../../../src/cli/check/questions.ts';
import { subjectsOf } from '../../../../src/cli/check/subjects.ts';
import { checkCodes, codeOf } from '../../../../src/cli/check/verdict.ts';
import { readImage } from '../../../../src/cli/check/wanted.ts';

const denied = new FeedError('DENIED', 'ask for r.test/secret: this token does not allow it', {
  status: 403,
});
const answered = { digest: null, moved: false, newest: null, certain: true, checkedAt: null, reason: null };

function imagesOf({ body }: Asked): readonly { image: string }[] {
  return (body as { images: readonly { image: string }[] }).images;
}

async function check(images: readonly string[], repositories: readonly string[]) {
  const asked: (readonly string[])[] = [];
  const ask = async (question: Asked) => {
    if (question.path === '/v1/access') return { repositories, defaultRegistry: 'r.test' };
    const given = imagesOf(question).map(({ image }) => image);
    asked.push(given);
    if (given.some((image) => image.includes('secret'))) throw denied;
    return { images: given.map((image) => ({ image, ...answered })) };
  };
  const subjects = subjectsOf(images.map(readImage), { range: null, newer: 'no' });
  return { asked, verdicts: await checkAll(ask, subjects, null) };
}

describe('a token that covers a part', () => {
  it('checks that part, says so of each other image, and is trouble', async () => {
    const images = ['secret/a:1', 'app:^1.2', 'docker.io/library/nginx:1', 'r.test/secret:2'];
    const { asked, verdicts } = await check(images, ['r.test/app', 'docker.io/**']);
    expect(asked).toEqual([images, ['app:^1.2', 'docker.io/library/nginx:1']]);
    expect(verdicts.map(({ word, answer, isTrouble }) => [word, answer.reason, isTrouble])).toEqual([
      ['unknown', 'not-granted', true],
      ['current', null, false],
      ['current', null, false],
      ['unknown', 'not-granted', true],
    ]);
    expect(codeOf(verdicts, false)).toBe(checkCodes.trouble);
  });

  it('that covers none asks no further', async () => {
    const { asked, verdicts } = await check(['secret:1'], []);
    expect([asked.length, verdicts.map(({ word }) => word)]).toEqual([1, ['unknown']]);
  });

  it('stays refused if its repositories do not explain the refusal', async () => {
    await expect(check(['secret:1'], ['**'])).rejects.toBe(denied);
  });
});
