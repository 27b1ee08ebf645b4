/** Pages of all forms. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lookedAt } from '../../../../support/ledger-samples.ts';
import { type ListAnswer, ListWorld } from '../../../../support/list-world.ts';
import { described, indexType, list, refsOf, tagsOf } from '../../../../support/tag-lists.ts';

describe('pages of any size', () => {
  const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,3}$/);
  const forms: readonly { query: string; accept?: string }[] = [
    { query: '' },
    { query: '&tagType=real' },
    { query: '', accept: indexType },
    { query: '&sort_order=desc', accept: indexType },
    { query: '&sort_by=created_at', accept: indexType },
    { query: '&sort_by=created_at&sort_order=asc&tagType=real', accept: indexType },
  ];

  it.each(forms)('G24: give the whole list once: $query $accept', async ({ query, ...asking }) => {
    const namesOf = (page: ListAnswer) => (asking.accept === undefined ? tagsOf(page) : refsOf(page));
    await fc.assert(
      fc.asyncProperty(
        ...[fc.uniqueArray(tag, { maxLength: 20 }), fc.integer({ min: 1, max: 22 })],
        async (tags, n) => {
          const some = await ListWorld.open();
          await some.repositories('docker.io/library/nginw', 'docker.io/library/nginy', 'a.io/b');
          for (const one of tags) {
            await some.tags(one);
            some.clock.advance(one.length % 3);
          }
          const pages = await some.follow(`${list}?n=${n}${query}`, asking);
          const whole = await some.ask(`${list}?n=1000${query}`, asking);
          expect(pages.flatMap(namesOf)).toEqual(namesOf(whole));
          expect([...namesOf(whole)].sort()).toEqual([...tags].sort());
          expect(pages.length).toBe(Math.max(1, Math.ceil(tags.length / n)));
        },
      ),
      { numRuns: 25 },
    );
  });

  it('G23: come to an end though one request may read only some rows, and name no other repository', async () => {
    const some = await ListWorld.open({ maxRowsLookedAt: 7 });
    const others = Array.from({ length: 60 }, (_, at) =>
      lookedAt(`t${at}`, 'x', 0, { registry: 'a.io', repository: 'b' }),
    );
    await some.record(...others);
    await some.tags('a', 'b', 'c');
    expect(tagsOf(await some.ask(list))).toEqual(['a', 'b', 'c']);
    expect(refsOf(await some.ask(`${list}?sort_by=created_at`, described)).sort()).toEqual(['a', 'b', 'c']);
  });
});
