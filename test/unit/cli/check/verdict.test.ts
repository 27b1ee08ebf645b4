/** What `manifeed check` asks, and what it makes of the answers. */
import { describe, expect, it } from 'vitest';
import type { CheckAnswer } from '../../../../src/cli/asking/answers.ts';
import type { Asked } from '../../../../src/cli/asking/gateway.ts';
import { checkLines } from '../../../../src/cli/check/lines.ts';
import { isNewer, type NewerWord, newerRange } from '../../../../src/cli/check/newer.ts';
import { checkAll, maxImages, maxRepeats } from '../../../../src/cli/check/questions.ts';
import { type Subject, subjectsOf } from '../../../../src/cli/check/subjects.ts';
import { codeOf, judge } from '../../../../src/cli/check/verdict.ts';
import { readFileImage, readImage } from '../../../../src/cli/check/wanted.ts';
import type { Screen } from '../../../../src/cli/output/terminal.ts';

const digest = (of: string) => `sha256:${of.repeat(64).slice(0, 64)}`;
const plainScreen: Screen = { isTty: true, write: async () => true, paint: (_, text) => text };

const calm: CheckAnswer = {
  ...{ image: 'nginx:1.27.3', digest: digest('b'), moved: null, newest: null, certain: true },
  ...{ checkedAt: '2026-11-30T12:00:00.000Z', reason: null },
};
const newest = (tag: string) => ({ tag, digest: digest('c'), updatedAt: '2026-11-30T12:00:00.000Z' });

function subject(over: Partial<Subject> = {}): Subject {
  const basics = { image: 'nginx:1.27.3', tag: '1.27.3', digests: [], range: null };
  return { ...basics, isRangeGiven: false, places: [], isBuilt: false, ...over };
}

function verdictOf(over: Partial<Subject>, ...answers: readonly Partial<CheckAnswer>[]) {
  const [first = {}, ...rest] = answers;
  return judge(subject(over), [{ ...calm, ...first }, ...rest.map((each) => ({ ...calm, ...each }))]);
}

describe('the range of newer versions', () => {
  it.each<[tag: string, word: NewerWord, range: string | null]>([
    ['1.27.3', 'patch', '>=1.27.3 <1.28.0'],
    ['1.27.3', 'minor', '>=1.27.3 <2.0.0'],
    ['v1.27.3-alpine', 'minor', '>=1.27.3 <2.0.0'],
    ['1.27.3', 'major', '>=1.27.3'],
    ['1.27.3', 'no', null],
    ['1.27', 'patch', null],
    ['1.27', 'minor', '>=1.28.0 <2.0.0'],
    ['1.27', 'major', '>=1.28.0'],
    ['1', 'minor', null],
    ['1', 'major', '>=2.0.0'],
    ['2.0.0-rc.1', 'patch', '>=2.0.0-rc.1 <2.1.0'],
    ['2.0-rc1', 'minor', '>=2.0.0-rc1 <3.0.0'],
    ['latest', 'major', null],
    ['1.2.3.4', 'major', null],
  ])('of %s by %s is %s', (tag, word, range) => {
    expect(newerRange(tag, word)).toBe(range);
  });

  it('compares versions, not their spelling', () => {
    expect(isNewer('1.27.4', '1.27.3')).toBe(true);
    expect(isNewer('v1.27.3', '1.27.3')).toBe(false);
    expect(isNewer('1.27.3', '1.28')).toBe(false);
    expect(isNewer('1.27.3', 'latest')).toBe(null);
  });
});

describe('what is asked', () => {
  const wishes = { range: null, newer: 'minor' as const };
  const file = (text: string, place: string, isBuilt = false) => {
    const wanted = readFileImage(text, place, isBuilt);
    if (wanted === null) throw new Error('must have a tag');
    return wanted;
  };

  it('is each image once, with all its places', () => {
    const wanted = [
      file('nginx:1.27.3', 'a'),
      readImage('nginx:1'),
      file('docker.io/nginx:1.27.3', 'b', true),
    ];
    expect(subjectsOf(wanted, wishes)).toEqual([
      subject({ image: 'docker.io/library/nginx:1.27.3', places: ['a', 'b'], range: '>=1.27.3 <2.0.0' }),
      subject({ image: 'nginx:1', tag: '1' }),
    ]);
  });

  it('is an image once, in however many places', () => {
    const one = file('nginx', 'a');
    const [subject] = subjectsOf(Array<typeof one>(100_000).fill(one), wishes);
    expect(subject?.places).toHaveLength(100_000);
  });

  it('is the same image again if other digests are there', () => {
    const one = { ...file('nginx', 'a'), digests: [digest('b'), digest('a')] } as const;
    const two = { ...one, digests: [digest('a')] } as const;
    const subjects = subjectsOf([one, two, { ...one, digests: [digest('a'), digest('b')] }] as never, wishes);
    expect(subjects.map(({ digests }) => digests.length)).toEqual([2, 1]);
  });

  it('is built only if it is built everywhere', () => {
    const [built] = subjectsOf([file('a', 'x', true), file('a', 'y', true)], wishes);
    const [pulled] = subjectsOf([file('a', 'x', true), file('a', 'y')], wishes);
    expect([built?.isBuilt, pulled?.isBuilt]).toEqual([true, false]);
  });

  it('has the range of the image before that of the flag before the default', () => {
    const range = (image: string, flag: string | null) => {
      const [asked] = subjectsOf([readImage(image)], { range: flag, newer: 'major' });
      return [asked?.range, asked?.isRangeGiven];
    };
    expect(range('nginx:^1.27', '^2')).toEqual([null, true]);
    expect(range('nginx:1.2.3', '^2')).toEqual(['^2', true]);
    expect(range('nginx:1.2.3', null)).toEqual(['>=1.2.3', false]);
    expect(range('nginx', null)).toEqual([null, false]);
  });
});

describe('the answer', () => {
  const moved = { moved: true };
  it.each<
    [what: string, over: Partial<Subject>, answer: Partial<CheckAnswer>, word: string, isTrouble: boolean]
  >([
    ['moved', { digests: [digest('a')] }, moved, 'moved', false],
    ['the same', { digests: [digest('a')] }, { moved: false }, 'current', false],
    ['without a digest to compare', {}, {}, 'current', false],
    ['newer', {}, { newest: newest('1.27.4') }, 'newer', false],
    ['moved and newer', {}, { ...moved, newest: newest('1.27.4') }, 'moved', false],
    ['the newest itself', {}, { newest: newest('1.27.3') }, 'current', false],
    [
      'no version, with the newest of a range',
      { tag: 'latest' },
      { newest: newest('9.9.9') },
      'current',
      false,
    ],
    ['deleted', {}, { reason: 'deleted', digest: null }, 'deleted', false],
    ['deleted, with a newer one', {}, { reason: 'deleted', newest: newest('1.28.0') }, 'newer', false],
    ['unknown', {}, { reason: 'unknown', digest: null }, 'unknown', true],
    ['unknown, but built there', { isBuilt: true }, { reason: 'unknown' }, 'unknown', false],
    ['not listed', {}, { reason: 'not-listed' }, 'current', false],
    [
      'not listed, of a range that was asked for',
      { isRangeGiven: true },
      { reason: 'not-listed' },
      'unknown',
      true,
    ],
    [
      'not listed, but newer',
      { isRangeGiven: true },
      { reason: 'not-listed', newest: newest('1.28.0') },
      'newer',
      false,
    ],
    ['without a digest', {}, { reason: 'no-digest', digest: null }, 'current', false],
    [
      'without a digest, of one that has one',
      { digests: [digest('a')] },
      { reason: 'no-digest' },
      'unknown',
      true,
    ],
    [
      'without a digest, of a pinned one',
      { image: `nginx:1@${digest('a')}` },
      { reason: 'no-digest' },
      'unknown',
      true,
    ],
    ['not confirmed', {}, { reason: 'not-confirmed' }, 'current', false],
    ['of an unknown platform', {}, { reason: 'platform-unknown' }, 'unknown', true],
    [
      'of a platform that did not move for all that',
      {},
      { reason: 'platform-unknown', moved: false },
      'current',
      false,
    ],
    ['of too many rows', {}, { reason: 'too-many-rows' }, 'unknown', true],
    ['in doubt for a reason of a later gateway', {}, { reason: 'moon-phase' }, 'unknown', true],
  ])('%s', (_, over, answer, word, isTrouble) => {
    expect(verdictOf(over, answer)).toMatchObject({ word, isTrouble });
  });

  it('of several digests has moved only if it differs from all of them', () => {
    const two = { digests: [digest('a'), digest('b')] };
    expect(verdictOf(two, { moved: true }, { moved: false }).word).toBe('current');
    expect(verdictOf(two, { moved: true }, { moved: true }).word).toBe('moved');
    expect(verdictOf(two, { moved: true }, { moved: null, reason: 'platform-unknown' }).word).toBe('unknown');
  });

  it('makes the exit code: trouble before news before nothing', () => {
    const [same, news] = [verdictOf({}, {}), verdictOf({}, moved)];
    const [trouble, excused] = [
      verdictOf({}, { reason: 'unknown' }),
      verdictOf({ isBuilt: true }, { reason: 'unknown' }),
    ];
    expect(codeOf([], false)).toBe(0);
    expect(codeOf([same, excused], false)).toBe(0);
    expect(codeOf([same, news], false)).toBe(1);
    expect(codeOf([news, trouble], false)).toBe(2);
    expect(codeOf([news], true)).toBe(2);
  });
});

describe('the lines', () => {
  const verdicts = [
    verdictOf({ digests: [digest('a'), digest('d')] }, { moved: true, newest: newest('1.28.0') }),
    verdictOf(
      { image: `x:\u001b\t1@${digest('e')}`, tag: null },
      { reason: 'odd\n', digest: null, moved: false },
    ),
    verdictOf({ image: 'longer/name:2' }, { reason: 'unknown', digest: null }),
  ];
  const out = plainScreen;

  it('for programs have seven fields', () => {
    const [first, second] = checkLines(verdicts, { format: 'tabs', out }).map((line) => line.split('\t'));
    expect(first).toEqual([
      ...['moved', 'nginx:1.27.3', `${digest('a')},${digest('d')}`, digest('b'), '1.28.0', digest('c'), '-'],
    ]);
    expect(second).toEqual(['unknown', 'x:\\u001b\\t1', digest('e'), '-', '-', '-', 'odd\\n']);
  });

  it('for people are columns, with a word and short digests', () => {
    expect(checkLines(verdicts, { format: 'columns', out })).toEqual([
      'moved    nginx:1.27.3   aaaaaaaaaaaa → bbbbbbbbbbbb  newest 1.28.0 cccccccccccc',
      'unknown  x:\\u001b\\t1    (odd\\n)',
      'unknown  longer/name:2  (no such tag is known)',
    ]);
    expect(checkLines([], { format: 'columns', out })).toEqual([]);
    const [odd] = checkLines([verdictOf({}, { reason: 'constructor' })], { format: 'columns', out });
    expect(odd).toMatch(/\(constructor\)$/);
    const many = Array.from({ length: 200_000 }, () => verdictOf({}, {}));
    expect(checkLines(many, { format: 'columns', out })).toHaveLength(200_000);
  });

  it('as JSON are the answers, behind what is known here', () => {
    const [first = ''] = checkLines(verdicts, { format: 'json', out });
    const more = { verdict: 'moved', places: [], range: null, had: [digest('a'), digest('d')] };
    expect(JSON.parse(first)).toEqual({ ...more, ...calm, moved: true, newest: newest('1.28.0') });
  });
});

describe('the requests', () => {
  const bodySize = ({ body }: Asked) => (body as { images: { image: string }[] }).images;

  it('are one for a thousand images, and more beyond', async () => {
    const sizes: number[] = [];
    const subjects = Array.from({ length: maxImages + 5 }, (_, at) =>
      subject({ image: `a:${at}`, tag: null }),
    );
    const verdicts = await checkAll(
      async (asked) => {
        sizes.push(bodySize(asked).length);
        return { images: bodySize(asked).map(({ image }) => ({ ...calm, image })) };
      },
      subjects,
      null,
    );
    expect(sizes).toEqual([maxImages, 5]);
    expect(verdicts.map(({ answer }) => answer.image)).toEqual(subjects.map(({ image }) => image));
  });

  it('have an entry for each digest, with range and platform', async () => {
    const asked: unknown[] = [];
    const ask = async (question: Asked) => {
      asked.push(question);
      return { images: bodySize(question).map(() => calm) };
    };
    await checkAll(ask, [subject({ digests: ['x', 'y'], range: '^1' })], 'linux/arm64');
    const shared = { image: 'nginx:1.27.3', range: '^1', platform: 'linux/arm64' };
    const images = [
      { ...shared, digest: 'x' },
      { ...shared, digest: 'y' },
    ];
    expect(asked).toEqual([{ path: '/v1/check', body: { images } }]);
  });

  it('are none without an image', async () => {
    await checkAll(() => Promise.reject(new Error('must not ask')), [], null);
  });

  it('ask again for what was too much to read at once, as long as that helps', async () => {
    const asked: (readonly string[])[] = [];
    /** Answers at most two. */
    const ask = async (question: Asked) => {
      const images = bodySize(question).map(({ image }) => image);
      asked.push(images);
      const reasonAt = (at: number) => (at < 2 && !images[at]?.startsWith('huge') ? null : 'too-many-rows');
      return { images: images.map((image, at) => ({ ...calm, image, reason: reasonAt(at) })) };
    };
    const subjects = ['a', 'b', 'c', 'huge', 'd'].map((image) => subject({ image }));
    const verdicts = await checkAll(ask, subjects, null);
    expect(asked).toEqual([['a', 'b', 'c', 'huge', 'd'], ['c', 'huge', 'd'], ['huge', 'd'], ['huge']]);
    expect(verdicts.map(({ word }) => word)).toEqual(['current', 'current', 'current', 'unknown', 'current']);
  });

  it('ask for halves if nothing was answered, and give up in the end', async () => {
    const asked: number[] = [];
    const askWith = (most: number) => async (question: Asked) => {
      const images = bodySize(question);
      asked.push(images.length);
      const reason = images.length > most ? 'too-many-rows' : null;
      return { images: images.map(() => ({ ...calm, reason })) };
    };
    const subjects = Array.from({ length: 2 * maxImages + 4 }, (_, at) =>
      subject({ image: `a:${at}`, tag: null }),
    );
    const verdicts = await checkAll(askWith(1), subjects.slice(0, 5), null);
    expect(asked).toEqual([5, 3, 2, 2, 1, 1, 1, 1, 1]);
    expect(verdicts.every(({ word }) => word === 'current')).toBe(true);
    asked.length = 0;
    const none = await checkAll(askWith(0), subjects, null);
    expect(none.every(({ word }) => word === 'unknown')).toBe(true);
    expect(asked.length).toBe(3 + maxRepeats);
    expect(Math.max(...asked)).toBe(maxImages);
  });

  it('refuse an answer of another length, or of another form', async () => {
    const check = (answer: unknown) => checkAll(async () => answer, [subject()], null);
    await expect(check({ images: [] })).rejects.toThrow(
      'read /v1/check: 0 answers: must be one for each of 1 images',
    );
    await expect(check({ images: [{ ...calm, moved: 'yes' }] })).rejects.toThrow(
      'read /v1/check: images[0].moved: "yes": must be true or false: is the gateway of the same version?',
    );
    await expect(check([])).rejects.toThrow('read /v1/check: the answer: an empty list: must be an object');
  });
});
