/** The queries that are measured: as the ledger is asked, and as a client asks the gateway. */
import type { Digest } from '../../src/event/digest.ts';
import type { LedgerQueries, TagName, TagPlace } from '../../src/ledger/queries.ts';
import { type Content, registry, spanMs } from './content.ts';
import type { LedgerKind } from './options.ts';

/** Rows of a page, where there are so many. */
const limit = 100;

export interface Query {
  readonly name: string;
  /** The longest median that the ledger may have, ms; null: none was set. */
  readonly atMost: Readonly<Record<LedgerKind, number>> | null;
  /** Resolves to the rows. */
  readonly ask: (ledger: LedgerQueries, pick: Pick) => Promise<{ readonly length: number }>;
  /** Path and query at the gateway; null: no single request asks it. */
  readonly path: ((pick: Pick) => string) | null;
}

/** Chooses what is asked for: spread over all, and not twice the same. */
export class Pick {
  readonly content: Content;
  #turn = 0;

  constructor(content: Content) {
    this.content = content;
  }

  /** From 0 up to, not including, `count`. */
  number(count: number): number {
    this.#turn += 1;
    return Math.floor((this.#turn * 0.618_033_988_749_895 * count) % count);
  }

  tag(): TagName {
    return this.content.tag(this.number(this.content.extent.tags));
  }

  /** `registry/repository` */
  repository(): string {
    return `${registry}/${this.content.repository(this.number(this.content.repositories))}`;
  }

  /** One that tags point at now. */
  digest(): Digest {
    const { tags, changes } = this.content.extent;
    return this.content.digest(changes - this.number(tags));
  }

  moment(): TagPlace {
    const { endedAt } = this.content;
    return { ...this.tag(), updatedAt: endedAt - this.number(Math.floor(spanMs / 5)) };
  }
}

/** Asked beside the others: what every question costs that way. */
export const pointRead = 'one tag';

const target = { sqlite: 2, redis: 5 };
const byMove = { sort: 'updated', order: 'desc', limit } as const;
const query = (path: string, members: Readonly<Record<string, string>>) =>
  `${path}?${new URLSearchParams(members)}`;
const many = <T>(count: number, make: () => T) => Array.from({ length: count }, make);

export const queries: readonly Query[] = [
  {
    ...{ name: pointRead, atMost: null },
    ask: (ledger, pick) => ledger.states([pick.tag()]),
    path: (pick) => {
      const { repository, tag } = pick.tag();
      return query('/v1/tags', { repository, tag });
    },
  },
  {
    ...{ name: 'tags at a digest', atMost: target },
    ask: async (ledger, pick) => (await ledger.tagsAt({ digest: pick.digest(), limit })).tags,
    path: (pick) => query('/v1/tags', { digest: pick.digest() }),
  },
  {
    ...{ name: '100 by name, of all, anywhere', atMost: target, path: null },
    ask: async (ledger, pick) => (await ledger.listTags({ after: pick.moment(), limit })).tags,
  },
  {
    ...{ name: '100 by name, of a repository', atMost: target },
    ask: async (ledger, pick) =>
      (await ledger.listTags({ within: { repositories: [pick.repository()] }, limit })).tags,
    path: (pick) => query('/v1/tags', { repository: pick.repository() }),
  },
  {
    ...{ name: '100 by last move, of all, anywhere', atMost: target, path: null },
    ask: async (ledger, pick) => (await ledger.listTags({ ...byMove, after: pick.moment() })).tags,
  },
  {
    ...{ name: '100 by last move, of a repository', atMost: target },
    ask: async (ledger, pick) =>
      (await ledger.listTags({ ...byMove, within: { repositories: [pick.repository()] } })).tags,
    path: (pick) => query('/v1/tags', { repository: pick.repository(), sort: 'updated', order: 'desc' }),
  },
  {
    ...{ name: '100 by last move, of ten repositories', atMost: null, path: null },
    ask: async (ledger, pick) => {
      const repositories = many(10, () => pick.repository());
      return (await ledger.listTags({ ...byMove, within: { repositories } })).tags;
    },
  },
  {
    ...{ name: 'history of a tag', atMost: target },
    ask: async (ledger, pick) => (await ledger.history({ of: pick.tag(), limit })).changes,
    path: (pick) => {
      const { repository, tag } = pick.tag();
      return query('/v1/changes', { repository, tag });
    },
  },
  {
    ...{ name: 'history of a repository', atMost: null },
    ask: async (ledger, pick) => {
      const { registry: host, repository } = pick.tag();
      return (await ledger.history({ of: { registry: host, repository }, limit })).changes;
    },
    path: (pick) => query('/v1/changes', { repository: pick.repository() }),
  },
  {
    ...{ name: '100 repositories, anywhere', atMost: null, path: null },
    ask: async (ledger, pick) => (await ledger.listRepositories({ after: pick.tag(), limit })).repositories,
  },
  {
    ...{ name: 'states of 200 tags', atMost: null, path: null },
    ask: (ledger, pick) => ledger.states(many(200, () => pick.tag())),
  },
];
