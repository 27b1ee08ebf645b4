import { expect } from 'vitest';
import type { TagListPage, TagListQuery, TagPlace } from '../../src/ledger/queries.ts';
import type { TestedLedger } from './ledger.ts';

/** Lowered, so that the suites can overflow it; every implementation must honour it. */
export const maxRowsLookedAt = 20;

export function allOf(ledger: TestedLedger, query: TagListQuery): Promise<TagListPage['tags']> {
  return follow((after) => ledger.listTags(after === null ? query : { ...query, after }));
}

/** All pages, each of which looks at a bounded number of rows and comes further. */
export async function follow(
  read: (after: TagPlace | null) => Promise<TagListPage>,
): Promise<TagListPage['tags']> {
  const found = [];
  for (let after: TagPlace | null = null; ; ) {
    const page: TagListPage = await read(after);
    expect(page.looked).toBeLessThanOrEqual(maxRowsLookedAt);
    expect(page.looked).toBeGreaterThanOrEqual(page.tags.length);
    found.push(...page.tags);
    if (page.next === null) return found;
    expect(page.next).not.toEqual(after);
    after = page.next;
  }
}
