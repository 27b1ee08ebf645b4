/** What `manifeed diff LEFT RIGHT` makes of the gateway's answers. */
import { describe, expect, it } from 'vitest';
import type { Ask } from '../../../../src/cli/asking/gateway.ts';
import { outputOf } from '../../../../src/cli/asking/output.ts';
import { compareSides } from '../../../../src/cli/diff/sides.ts';

const digest = (of: string) => `sha256:${of.repeat(64)}`;
const row = (tag: string, of: string | null) => ({
  repository: 'x',
  tag,
  digest: of === null ? null : digest(of),
});
const pair = (tag: string, left: string | null, right: string | null) => ({
  ...{
    repository: 'x',
    tag,
    left: left === null ? null : digest(left),
    right: right === null ? null : digest(right),
  },
});

const same = {
  ...{ certain: true, reason: null, equal: 3, different: [], onlyLeft: [], onlyRight: [], next: null },
  left: { name: 'a/', listedAt: '2026-11-30T12:00:00.000Z' },
  right: { name: 'b/', listedAt: '2026-11-30T11:00:00.000Z' },
};

/** The answer of `/v1/repositories` for one repository. */
function repositoriesOf(prefix: string, unknown: readonly string[]) {
  const [registry = '', name = ''] = prefix.split('/');
  const row = { registry, repository: name, tags: 1, listed: null };
  return { repositories: unknown.includes(prefix) ? [] : [row], next: null };
}

async function compare(
  pages: readonly object[],
  options: { json?: boolean; isTty?: boolean; reader?: boolean; unknown?: readonly string[] } = {},
) {
  const { json = false, isTty = false, reader = true, unknown = [] } = options;
  const out: string[] = [];
  const err: string[] = [];
  const screen = (lines: string[]) => ({
    isTty,
    write: async (text: string) => lines.push(text) > 0 && reader,
    paint: (_: string, text: string) => text,
  });
  const terminal = { out: screen(out), err: screen(err), watchReader: () => () => {} };
  const output = outputOf('diff', { json, quiet: false, 'no-color': false }, terminal);
  const left = [...pages];
  const ask: Ask = async ({ path, query }) =>
    path === '/v1/repositories'
      ? repositoriesOf(query?.get('prefix') ?? '', unknown)
      : { ...same, ...left.shift(), next: left.length > 0 ? 'c' : null };
  const code = await compareSides(ask, output, { left: 'a/', right: 'b/', tags: [] });
  return { code, out: out.join(''), err: err.join(''), unread: left.length };
}

describe('two sides', () => {
  it.each([
    [{ right: { name: 'b/', listedAt: null } }, 'the gateway knows no tag of a repository below b/\n'],
    [{ left: { name: 'a', listedAt: null } }, 'the gateway knows no tag of a\n'],
    [
      { left: { name: 'a/', listedAt: null }, right: { name: 'b/', listedAt: null } },
      'the gateway knows no tag of a repository of one side\n',
    ],
  ])('of which one is unknown are named as far as that is known: %j', async (sides, text) => {
    const { code, err } = await compare([{ certain: false, reason: 'unknown', ...sides }]);
    expect([code, err.endsWith(text)]).toEqual([2, true]);
  });

  it.each([
    [['reg.test/b'], 'the gateway knows no tag of reg.test/b\n'],
    [['reg.test/a', 'reg.test/b'], 'the gateway knows no tag of reg.test/a and of reg.test/b\n'],
    [[], 'the gateway knows no tag of a repository of one side\n'],
  ])('that are repositories are asked for if the unknown one does not show: %j', async (unknown, text) => {
    const sides = {
      left: { name: 'reg.test/a', listedAt: null },
      right: { name: 'reg.test/b', listedAt: null },
    };
    const { code, err } = await compare([{ certain: false, reason: 'unknown', ...sides }], { unknown });
    expect([code, err.endsWith(text)]).toEqual([2, true]);
  });

  it.each<[what: string, pages: readonly object[], code: number, reasons: readonly string[]]>([
    ['that are equal', [{}, {}], 0, []],
    ['of which one lacks a tag', [{}, { onlyLeft: [row('1', 'a')] }], 1, []],
    ['with another digest', [{ different: [pair('1', 'a', 'b')] }], 1, []],
    ['that are equal as far as is known', [{ certain: false, reason: 'not-listed' }, {}], 2, ['not-listed']],
    [
      'of which a tag may be missing',
      [{ certain: false, reason: 'not-listed', onlyRight: [row('1', 'a')] }],
      2,
      ['not-listed'],
    ],
    [
      'with another digest, and more in doubt',
      [{ certain: false, reason: 'unknown', different: [pair('1', 'a', 'b')] }],
      1,
      ['unknown'],
    ],
    [
      'of which a digest is not known',
      [{ certain: false, reason: 'no-digest', different: [pair('1', null, 'b')] }],
      2,
      ['no-digest'],
    ],
    [
      'with two doubts, the worst first',
      [
        { certain: false, reason: 'no-digest' },
        { certain: false, reason: 'not-granted' },
      ],
      2,
      ['not-granted', 'no-digest'],
    ],
    ['with a doubt of a later gateway', [{ certain: false, reason: 'moon-phase' }], 2, ['moon-phase']],
  ])('%s', async (_, pages, code, reasons) => {
    const found = await compare(pages);
    expect(found.code).toBe(code);
    const told = [...found.err.matchAll(/manifeed diff: compare a\/ with b\/: in doubt: ([a-z-]+): ./g)];
    expect(told.map(([, reason]) => reason)).toEqual(reasons);
  });

  const all = [
    { different: [pair('2', 'a', 'b'), pair('4', null, 'b')], onlyLeft: [row('1', 'c')] },
    { onlyRight: [row('3\n', null)], left: { name: 'a/', listedAt: '2026-11-29T00:00:00.000Z' } },
  ];

  it('are lines with tabs, by name', async () => {
    const { out } = await compare(all);
    expect(out.split('\n').map((line) => line.split('\t'))).toEqual([
      ['only-left', 'a/x:1', '-', digest('c'), '-'],
      ['different', 'a/x:2', 'b/x:2', digest('a'), digest('b')],
      ['unknown', 'a/x:4', 'b/x:4', '-', digest('b')],
      ['only-right', '-', 'b/x:3\\n', '-', '-'],
      [''],
    ]);
  });

  it('are columns on a terminal, and a summary for who looks on', async () => {
    const { out, err } = await compare(all, { isTty: true });
    expect(out.split('\n').slice(0, 4)).toEqual([
      'only left   a/x:1  cccccccccccc',
      'different   a/x:2  aaaaaaaaaaaa ≠ bbbbbbbbbbbb',
      'unknown     a/x:4  - ? bbbbbbbbbbbb',
      'only right  b/x:3\\n  -',
    ]);
    expect(err).toBe('6 equal, 4 different, as of 2026-11-29T00:00:00.000Z and 2026-11-30T11:00:00.000Z\n');
  });

  it('are aligned on a terminal', async () => {
    const onlyLeft = [row('1', 'a'), row('1.27.3-alpine', 'a')];
    const [first, second] = (await compare([{ onlyLeft }], { isTty: true })).out.split('\n');
    expect(first?.indexOf('aaaaaaaaaaaa')).toBe(second?.indexOf('aaaaaaaaaaaa'));
  });

  it('are JSON, with a summary at the end', async () => {
    const lines = (await compare(all, { json: true })).out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[0]).toEqual({
      type: 'only-left',
      repository: 'x',
      tag: '1',
      left: digest('c'),
      right: null,
    });
    expect(lines.at(-1)).toEqual({
      ...{ type: 'summary', certain: true, reason: null, equal: 6, differences: 4 },
      left: { name: 'a/', listedAt: '2026-11-29T00:00:00.000Z' },
      right: { name: 'b/', listedAt: '2026-11-30T11:00:00.000Z' },
    });
    const unlisted = [{ left: { name: 'a/', listedAt: null } }, {}];
    const [summary = ''] = (await compare(unlisted, { json: true })).out.split('\n');
    expect(JSON.parse(summary).left).toEqual({ name: 'a/', listedAt: null });
  });

  it('are not read on once the reader has left, and what was not read is no "the same"', async () => {
    expect(await compare([...all, {}, {}], { reader: false })).toMatchObject({ code: 1, unread: 3 });
    const unsure = [{ different: [pair('1', 'a', null)] }, {}];
    expect(await compare(unsure, { reader: false })).toMatchObject({ code: 2, unread: 1 });
  });
});
