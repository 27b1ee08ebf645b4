import { type RepositoryName, repositoryKey } from '../../event/reference.ts';
import { BoundedMap } from '../../lib/bounded-map.ts';
import type { Decision, IndexView, ManifestRow, Spared, TagRow } from '../decision.ts';
import { type ListMarks, type TagListing, withListing } from '../list-marks.ts';
import type { IndexBounds } from '../options.ts';
import { isWithin, type Within } from '../queries.ts';
import { compareTags, compareText } from '../tag-order.ts';
import type { LedgerRow } from '../transfer.ts';
import type { TurnCounts } from '../turns.ts';

interface RepositoryRows extends RepositoryName {
  readonly tags: Map<string, TagRow>;
  readonly manifests: Map<string, ManifestRow>;
  /** Oldest first. */
  readonly scopes: BoundedMap<string, true>;
  marks: ListMarks | undefined;
}

/** The index in memory. */
export class MemoryIndex implements IndexView {
  readonly #repositories = new Map<string, RepositoryRows>();
  /** Key to its stamp, ms; oldest first. */
  readonly #deliveries: BoundedMap<string, number>;
  readonly #bounds: IndexBounds;
  readonly #now: () => number;
  readonly #turns: TurnCounts;

  constructor(bounds: IndexBounds, now: () => number, turns: TurnCounts) {
    this.#turns = turns;
    this.#bounds = bounds;
    this.#deliveries = new BoundedMap(bounds.maxDeliveryKeys);
    this.#now = now;
  }

  tag(registry: string, repository: string, tag: string): TagRow | undefined {
    return this.#find(registry, repository)?.tags.get(tag);
  }

  tagsOf(registry: string, repository: string): readonly TagRow[] {
    const rows = this.#find(registry, repository)?.tags.values() ?? [];
    return [...rows].filter((row) => row.present).sort((a, b) => compareText(a.tag, b.tag));
  }

  tagsAt(registry: string, repository: string, digest: string): readonly TagRow[] {
    return this.tagsOf(registry, repository).filter((row) => row.digest === digest);
  }

  manifest(registry: string, repository: string, digest: string): ManifestRow | undefined {
    return this.#find(registry, repository)?.manifests.get(digest);
  }

  hasBaseline(registry: string, repository: string, scope: string): boolean {
    return this.#find(registry, repository)?.scopes.has(scope) ?? false;
  }

  deliveredAt(key: string): number | undefined {
    const at = this.#deliveries.get(key);
    return at === undefined || this.#now() - at > this.#bounds.maxAgeMs ? undefined : at;
  }

  turnsOf(of: RepositoryName, tag?: string): number {
    return this.#turns.turnsOf(of, tag);
  }

  baselines(registry: string, repository: string): readonly string[] {
    return [...(this.#find(registry, repository)?.scopes.keys() ?? [])];
  }

  /** Undefined: its list was never read whole. */
  listMarks(registry: string, repository: string): ListMarks | undefined {
    return this.#find(registry, repository)?.marks;
  }

  /** Those with a present tag, or whose list was read whole. */
  repositories(): RepositoryName[] {
    return [...this.#repositories.values()]
      .filter(({ tags, marks }) => marks !== undefined || [...tags.values()].some((row) => row.present))
      .map(({ registry, repository }) => ({ registry, repository }));
  }

  /** The present tags of these repositories, in the order of pages. @param within default: all repositories */
  present(within?: Within): readonly TagRow[] {
    return this.#rowsWithin(within)
      .flatMap(({ tags }) => [...tags.values()].filter((row) => row.present))
      .sort(compareTags);
  }

  #rowsWithin(within: Within | undefined): readonly RepositoryRows[] {
    if (within === undefined || !('repositories' in within))
      return [...this.#repositories].filter(([key]) => isWithin(key, within)).map(([, rows]) => rows);
    // One that is named twice is listed once.
    return [...new Set(within.repositories)].flatMap((key) => this.#repositories.get(key) ?? []);
  }

  apply(of: RepositoryName, decision: Decision): void {
    for (const row of decision.tags) this.putTag(row);
    for (const row of decision.manifests) this.putManifest(row);
    if (decision.baseline !== null) this.putBaseline(of, decision.baseline);
    if (decision.listed !== null) this.#list(of, decision.listed);
    const spared = decision.forgetManifests;
    const repository = this.#find(of.registry, of.repository);
    if (spared === null || repository === undefined) return;
    repository.marks = undefined;
    const tagged = new Set(
      [...repository.tags.values()].filter((row) => row.present).map((row) => row.digest),
    );
    for (const [digest, row] of repository.manifests)
      if (!isSpared(row, spared) && !tagged.has(row.digest)) repository.manifests.delete(digest);
  }

  putTag(row: TagRow): void {
    this.#open(row).tags.set(row.tag, row);
  }

  putManifest(row: ManifestRow): void {
    this.#open(row).manifests.set(row.digest, row);
  }

  putBaseline(of: RepositoryName, scope: string): void {
    this.#open(of).scopes.set(scope, true);
  }

  #list(of: RepositoryName, listing: TagListing): void {
    const rows = this.#open(of);
    rows.marks = withListing(rows.marks, listing);
  }

  putListMarks(of: RepositoryName, { wholeAt, readAt }: ListMarks): void {
    this.#open(of).marks = { wholeAt, readAt };
  }

  remember(key: string, at: number): void {
    this.#deliveries.renew(key, at);
  }

  /** Forgets tombstones, untagged digests, list marks and delivery keys stamped before `before`. */
  trim(before: number): void {
    for (const [key, at] of this.#deliveries) if (at < before) this.#deliveries.delete(key);
    for (const rows of this.#repositories.values()) {
      const { tags, manifests, marks } = rows;
      if (marks !== undefined && marks.readAt < before) rows.marks = undefined;
      for (const [tag, row] of tags) if (!row.present && row.asOf < before) tags.delete(tag);
      const tagged = new Set([...tags.values()].filter((row) => row.present).map((row) => row.digest));
      for (const [digest, row] of manifests)
        if (row.asOf < before && !(row.present && tagged.has(row.digest))) manifests.delete(digest);
    }
  }

  /** All of it, as rows of an export. */
  *rows(): Generator<LedgerRow> {
    for (const { registry, repository, tags, manifests, scopes, marks } of this.#repositories.values()) {
      for (const tag of tags.values()) yield { row: 'tag', ...tag };
      for (const manifest of manifests.values()) yield { row: 'manifest', ...manifest };
      for (const scope of scopes.keys()) yield { row: 'baseline', registry, repository, scope };
      if (marks !== undefined) yield { row: 'listed', registry, repository, ...marks };
    }
    for (const [key, at] of this.#deliveries) yield { row: 'delivery', key, at };
  }

  #find(registry: string, repository: string): RepositoryRows | undefined {
    return this.#repositories.get(repositoryKey({ registry, repository }));
  }

  #open({ registry, repository }: RepositoryName): RepositoryRows {
    const known = this.#find(registry, repository);
    if (known !== undefined) return known;
    const scopes = new BoundedMap<string, true>(this.#bounds.maxScopesPerRepository);
    const rows = { registry, repository, tags: new Map(), manifests: new Map(), scopes, marks: undefined };
    this.#repositories.set(repositoryKey(rows), rows);
    return rows;
  }
}

function isSpared(row: ManifestRow, spared: Spared | 'all'): boolean {
  if (spared === 'all' || row.saidAt === null || row.saidBy !== spared.by) return false;
  return row.saidAt > spared.after && row.saidAt <= spared.upTo;
}
