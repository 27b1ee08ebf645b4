/** A table of tags that stays true: snapshot, changes and resets are dealt with inside. */
import type { FeedEvent } from '../events.ts';
import { FeedError } from '../feed-error.ts';
import { Listeners } from '../listeners.ts';
import type { Change, TagState } from '../wire.ts';

/** What happened to a table. */
export type TagUpdate =
  /** The whole table was read, for the first time or again: any row may differ. */
  | { readonly kind: 'loaded' }
  /** One row is new or differs. */
  | { readonly kind: 'set'; readonly key: string; readonly row: TagState }
  /** One row is gone. */
  | { readonly kind: 'deleted'; readonly key: string };

/** Bounds a table. */
export interface TagTableOptions {
  /** Most rows; with more the table ends with `TOO_MANY_ROWS`. Default 100,000. */
  readonly maxRows?: number | undefined;
}

/** The key of a tag's row: `docker.io/library/nginx:1.27`. */
export function tagKey({
  registry,
  repository,
  tag,
}: Pick<TagState, 'registry' | 'repository' | 'tag'>): string {
  return `${registry}/${repository}:${tag}`;
}

const defaultMaxRows = 100_000;

/**
 * What the matching tags point at now, by `tagKey`. While a connection is lost it keeps the rows that it has; after a
 * reset it is read anew, and the new rows replace the old ones together.
 */
export class TagTable implements ReadonlyMap<string, TagState> {
  /** Resolves when the table is read for the first time. Rejects with a FeedError if that cannot succeed. */
  readonly ready: Promise<void>;
  readonly #events: AsyncIterableIterator<FeedEvent, undefined>;
  readonly #maxRows: number;
  readonly #listeners = new Listeners<TagUpdate>();
  readonly #loaded = Promise.withResolvers<void>();
  #rows = new Map<string, TagState>();
  /** Rows of a snapshot that is not complete. */
  #next: Map<string, TagState> | null = null;
  #error: FeedError | null = null;

  /** Begins to follow at once. @param events with a snapshot */
  constructor(events: AsyncIterableIterator<FeedEvent, undefined>, { maxRows }: TagTableOptions = {}) {
    this.#events = events;
    this.#maxRows = maxRows ?? defaultMaxRows;
    this.ready = this.#loaded.promise;
    // Nobody has to wait for it.
    this.ready.catch(() => {});
    void this.#follow();
  }

  /** Why the table is no longer kept; null: it is, or `close` was called. */
  get error(): FeedError | null {
    return this.#error;
  }

  get size(): number {
    return this.#rows.size;
  }

  get(key: string): TagState | undefined {
    return this.#rows.get(key);
  }

  has(key: string): boolean {
    return this.#rows.has(key);
  }

  forEach(visit: (row: TagState, key: string, table: ReadonlyMap<string, TagState>) => void): void {
    for (const [key, row] of this.#rows) visit(row, key, this);
  }

  entries(): MapIterator<[string, TagState]> {
    return this.#rows.entries();
  }

  keys(): MapIterator<string> {
    return this.#rows.keys();
  }

  values(): MapIterator<TagState> {
    return this.#rows.values();
  }

  [Symbol.iterator](): MapIterator<[string, TagState]> {
    return this.#rows.entries();
  }

  /** Calls the listener after each update. Returns an idempotent stop. */
  on(_update: 'update', listener: (update: TagUpdate) => void): () => void {
    return this.#listeners.add(listener);
  }

  /** Ends the following; the rows stay. Idempotent. */
  async close(): Promise<void> {
    await this.#events.return?.();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #follow(): Promise<void> {
    try {
      for await (const event of this.#events) this.#apply(event);
      this.#loaded.reject(new FeedError('NETWORK', 'read tags: closed before they were read'));
    } catch (error) {
      this.#error = error instanceof FeedError ? error : new FeedError('PROTOCOL', String(error));
      this.#loaded.reject(error);
    }
  }

  #apply(event: FeedEvent): void {
    switch (event.kind) {
      case 'snapshot':
        this.#next = new Map();
        return;
      case 'state':
        return this.#keep(this.#next ?? this.#rows, tagKey(event.row), event.row);
      case 'change':
        return this.#change(event.change);
      case 'ready':
        if (this.#next === null) return;
        this.#rows = this.#next;
        this.#next = null;
        this.#loaded.resolve();
        return this.#listeners.tell({ kind: 'loaded' });
      case 'reset':
        // A snapshot follows.
        return;
    }
  }

  #change(change: Change): void {
    const { tag } = change;
    if (tag === null) return;
    const key = tagKey({ ...change, tag });
    const rows = this.#next ?? this.#rows;
    if (change.type === 'tag.deleted') {
      if (rows.delete(key) && this.#next === null) this.#listeners.tell({ kind: 'deleted', key });
      return;
    }
    const row = rowOf(change, tag, change.type === 'tag.updated' ? rows.get(key) : undefined);
    this.#keep(rows, key, row);
    if (this.#next === null) this.#listeners.tell({ kind: 'set', key, row });
  }

  #keep(rows: Map<string, TagState>, key: string, row: TagState): void {
    rows.set(key, row);
    if (rows.size <= this.#maxRows) return;
    const message = `read tags: more than ${this.#maxRows} match: must be fewer: narrow the filter, or raise maxRows`;
    throw new FeedError('TOO_MANY_ROWS', message);
  }
}

/** The row that a change makes, as the gateway's own index has it. */
function rowOf(change: Change, tag: string, before: TagState | undefined): TagState {
  const { registry, repository, digest, mediaType, size, occurredAt } = change;
  const firstSeenAt = before?.firstSeenAt ?? occurredAt;
  return { registry, repository, tag, digest, mediaType, size, firstSeenAt, updatedAt: occurredAt };
}
