/** When `manifeed diff --since` is sure of its answer. */
import { describe, expect, it } from 'vitest';
import { FeedError } from '../../../../client/src/index.ts';
import type { Asked } from '../../../../src/cli/asking/gateway.ts';
import { outputOf } from '../../../../src/cli/asking/output.ts';
import { UsageError } from '../../../../src/cli/command.ts';
import { changedSince, parseRepository } from '../../../../src/cli/diff/since.ts';

const sinceMs = Date.parse('2026-11-30T12:00:00.000Z');
const after = '2026-11-30T12:00:01.000Z';
const before = '2026-11-30T11:59:59.000Z';
const named = { registry: 'docker.io', repository: 'library/nginx' };
const moved = (tag: string, recordedAt: string) => ({
  ...{ ...named, tag, type: 'tag.updated', digest: 'b', previousDigest: 'a', recordedAt },
});
const row = (tag: string, updatedAt: string) => ({
  ...named,
  tag,
  digest: 'b',
  firstSeenAt: updatedAt,
  updatedAt,
});

interface World {
  readonly changes?: readonly (readonly object[])[];
  readonly tags?: readonly (readonly object[])[];
  /** Null: the repository is not known. */
  readonly listed?: object | null | 'unknown';
  readonly updates?: () => Promise<unknown>;
}

async function changed(world: World, json = false) {
  const { changes = [[]], tags = [[]], listed = { readAt: null }, updates = async () => [] } = world;
  const [changePages, tagPages] = [[...changes], [...tags]];
  const asked: string[] = [];
  const next = (left: readonly unknown[]) => (left.length > 0 ? 'x' : null);
  const ask = async ({ path, query }: Asked): Promise<unknown> => {
    asked.push(`${path}?${query}`);
    if (path === '/v1/tags') return { tags: tagPages.shift(), next: next(tagPages) };
    if (path === '/v1/changes') return { changes: changePages.shift() ?? [], next: next(changePages) };
    if (path === '/v2/updates') return updates();
    return { repositories: listed === 'unknown' ? [] : [{ ...named, listed }], next: null };
  };
  const lines: string[] = [];
  const errors: string[] = [];
  const screen = (to: string[]) => ({
    isTty: false,
    write: async (text: string) => to.push(text) > 0,
    paint: (_: string, text: string) => text,
  });
  const terminal = { out: screen(lines), err: screen(errors), watchReader: () => () => {} };
  const output = outputOf('diff', { json, quiet: false, 'no-color': false }, terminal);
  const code = await changedSince(ask, output, { repository: 'nginx', tags: ['1*', '2'], sinceMs });
  const reasons = [...errors.join('').matchAll(/in doubt: ([a-z-]+): /g)].map(([, reason]) => reason);
  return { code, out: lines.join(''), err: errors.join(''), reasons, asked };
}

const gone = () => Promise.reject(new FeedError('POSITION_GONE', 'gone'));

describe('diff --since', () => {
  it.each<[what: string, world: World, code: number, reasons: readonly string[]]>([
    ['nothing changed', { tags: [[row('1', before)]] }, 0, []],
    ['a tag moved', { changes: [[moved('1', after)]], tags: [[row('1', after)]] }, 1, []],
    ['it moved before', { changes: [[moved('1', before)]] }, 0, []],
    [
      'it moved on the second page',
      { changes: [[moved('1', after)], [moved('2', after), moved('3', before)]] },
      1,
      [],
    ],
    ['the repository is not known', { listed: 'unknown' }, 2, ['unknown']],
    ['its list was never read', { listed: null }, 2, ['not-listed']],
    [
      'its list was never read, but a tag moved',
      { listed: null, changes: [[moved('1', after)]] },
      1,
      ['not-listed'],
    ],
    ['changes are no longer kept', { updates: gone }, 2, ['not-kept']],
    [
      'a tag was found by the first look',
      { tags: [[row('2', after)], [row('1', before)]] },
      2,
      ['first-seen'],
    ],
    ['a digest is not known', { changes: [[{ ...moved('1', after), digest: null }]] }, 2, ['no-digest']],
    [
      'all at once',
      { listed: null, updates: gone, tags: [[row('2', after)]] },
      2,
      ['not-kept', 'first-seen', 'not-listed'],
    ],
  ])('when %s', async (_, world, code, reasons) => {
    expect(await changed(world)).toMatchObject({ code, reasons });
  });

  it('says of a repository without a tag whether the last one was deleted, and when', async () => {
    const deleted = { ...moved('1', before), type: 'tag.deleted', digest: null };
    const emptied = await changed({ listed: 'unknown', changes: [[deleted], [deleted]] });
    expect(emptied).toMatchObject({ code: 2, reasons: ['not-listed'] });
    expect(emptied.err).toContain(
      `knows no tag of this repository any more: the last one was deleted at ${before}`,
    );
    expect(emptied.asked.at(-1)).toBe('/v1/changes?repository=nginx&n=1');
    const never = await changed({ listed: 'unknown' });
    expect(never.err).toContain('it must be watched, or told of by a webhook');
  });

  it('asks for the tags first, and for no more than it needs', async () => {
    const { asked } = await changed({
      tags: [[row('1', before)], [row('0', before)]],
      changes: [[moved('1', before)], [moved('0', before)]],
    });
    const filter = 'repository=nginx&tag=1*&tag=2';
    expect(asked).toEqual([
      `/v1/tags?${filter}&sort=updated&order=desc&n=1000`,
      `/v1/changes?${filter}&n=1000`,
      '/v1/repositories?prefix=nginx&n=1000',
      `/v2/updates?${filter}&since=2026-11-30T12%3A00%3A00.000Z&n=1`,
    ]);
  });

  it('ends with a summary as JSON', async () => {
    const { out } = await changed({ changes: [[moved('1', after)]], updates: gone }, true);
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ type: 'moved', tag: '1', changes: 1 });
    expect(lines[1]).toEqual({
      ...{
        type: 'summary',
        certain: false,
        reason: 'not-kept',
        since: '2026-11-30T12:00:00.000Z',
        differences: 1,
      },
    });
  });

  it('fails if the gateway does', async () => {
    const fault = new FeedError('UNAVAILABLE', 'busy');
    await expect(changed({ updates: () => Promise.reject(fault) })).rejects.toBe(fault);
  });

  it.each(['ghcr.io/**', 'ghcr.io/a/', 'nginx:1', 'NGINX', 'a@b'])('takes no %s', (text) => {
    expect(() => parseRepository(text)).toThrow(UsageError);
  });
});
