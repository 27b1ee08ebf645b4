/** Decodes what the scripts of the queries reply. Each script states at its head what that is. */
import { type RepositoryName, repositoryKey, repositoryOfKey } from '../../event/reference.ts';
import { asCount, asList, asNumber, asText } from '../../redis/reply.ts';
import type { LedgerClock } from '../ledger-clock.ts';
import { agesOf } from '../list-marks.ts';
import type { ListState, RepositoryState, TagNamesPage, TagPlace } from '../queries.ts';
import { readEntry, readListMarks, type StoredBounds } from './codec.ts';

/** Where a page of tags ended; null: it was the last one. */
export function readPlace(reply: unknown): TagPlace | null {
  const place = asList(reply).map(asText);
  const [registry = '', repository = '', tag = '', updatedAt = '0'] = place;
  return place.length === 0 ? null : { registry, repository, tag, updatedAt: Number(updatedAt) };
}

/** The names in rows of four: registry, repository, tag and nothing. */
export function readNames(rows: unknown): TagNamesPage['repositories'] {
  const byRepository = Map.groupBy(chunked(asList(rows), 4), ([registry, repository]) =>
    repositoryKey({ registry: asText(registry), repository: asText(repository) }),
  );
  return [...byRepository].map(([key, tags]): RepositoryName & { readonly tags: readonly string[] } => ({
    ...repositoryOfKey(key),
    tags: tags.map(([, , tag]) => asText(tag)),
  }));
}

/** A row of six of `lua/lists/repositories.lua`. */
export function readRepository(
  row: readonly unknown[],
  clock: LedgerClock,
  bounds: StoredBounds,
): RepositoryState {
  const [registry, repository, tags, marksText, hasScopes, entry] = row;
  const marks = readListMarks(asText(marksText));
  return {
    registry: asText(registry),
    repository: asText(repository),
    tags: asNumber(tags),
    lastChange: asList(entry).length === 0 ? null : readEntry(entry, bounds),
    polled: marks !== null || hasScopes === '1',
    listed: marks === null ? null : agesOf(marks, clock),
  };
}

/** A row of three of `lua/lists/states.lua`; null: nothing is known of the repository. */
export function readListState(row: readonly unknown[], clock: LedgerClock): ListState | null {
  const [tags, marksText, moved] = row;
  const marks = readListMarks(asText(marksText));
  if (asNumber(tags) === 0 && marks === null) return null;
  return {
    tags: asNumber(tags),
    moved: asText(moved) === '' ? null : asCount(moved),
    listed: marks === null ? null : agesOf(marks, clock),
  };
}

/** Rows of so many values; what is left over is dropped. */
export function chunked(flat: readonly unknown[], size: number): readonly (readonly unknown[])[] {
  return Array.from({ length: Math.floor(flat.length / size) }, (_, i) =>
    flat.slice(i * size, (i + 1) * size),
  );
}
