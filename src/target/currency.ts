import { parsePosition } from '../event/position.ts';
import type { RepositoryName } from '../event/reference.ts';
import type { WireChange } from '../event/wire-change.ts';

/** What the index has of tags, in the order of the names; null: it does not know the tag. */
export interface TagIndex {
  states(
    names: readonly (RepositoryName & { readonly tag: string })[],
  ): Promise<readonly ({ readonly sequence: number } | null)[]>;
}

/** Whether each change is what the index still has of its tag. @throws UNAVAILABLE */
export type Currency = (changes: readonly WireChange[]) => Promise<readonly boolean[]>;

/**
 * Only the index knows: what came after a change may not match the target's filter, or may not have come yet. It has no
 * manifests without a tag: those count as current.
 */
export function currencyIn(index: TagIndex): Currency {
  return async (changes) => {
    const names = changes.flatMap(({ registry, repository, tag }) =>
      tag === null ? [] : [{ registry, repository, tag }],
    );
    const states = names.length === 0 ? [] : await index.states(names);
    let next = 0;
    return changes.map(({ tag, position, type }) => {
      if (tag === null) return true;
      const state = states[next++] ?? null;
      // A tag that was deleted is forgotten after a while.
      if (state === null) return type === 'tag.deleted';
      return state.sequence === parsePosition(position)?.sequence;
    });
  };
}
