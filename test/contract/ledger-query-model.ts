/**
 * Queries against a naive model: what tags there are, and what happened to each, kept in lists. Random pushes, moves,
 * deletions and first looks; then every query, in pages of any size, gives exactly what the model has in its order.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ChangeType } from '../../src/event/change.ts';
import type { Observation } from '../../src/event/observation.ts';
import type { TagListQuery, TagPlace, Within } from '../../src/ledger/queries.ts';
import { digestOf } from '../support/ledger-samples.ts';
import type { TestedLedger } from './ledger.ts';
import { allOf, follow, maxRowsLookedAt } from './ledger-pages.ts';
import { limits, type World } from './ledger-world.ts';

const repositories = [
  { registry: 'docker.io', repository: 'library/nginx' },
  ...['a', 'a-b', 'a.b/c', 'a/b', 'a/b/c', 'ab'].map((repository) => ({ registry: 'r.io', repository })),
];
const tags = ['1', '1.2', 'B', 'a', 'sha256-0', '_x'];
const words = ['one', 'two', 'three'];

interface Act {
  readonly do: 'look' | 'first look' | 'tag gone' | 'manifest gone' | 'repository gone';
  readonly repository: number;
  readonly tag: string;
  readonly word: string;
  readonly afterMs: number;
}

const act: fc.Arbitrary<Act> = fc.record({
  do: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('look', 'first look') },
    { weight: 3, arbitrary: fc.constant('tag gone' as const) },
    { weight: 1, arbitrary: fc.constantFrom('manifest gone', 'repository gone') },
  ),
  repository: fc.nat(repositories.length - 1),
  tag: fc.constantFrom(...tags),
  word: fc.constantFrom(...words),
  afterMs: fc.integer({ min: 1, max: 5_000 }),
});

const within: fc.Arbitrary<Within | undefined> = fc.oneof(
  fc.constant(undefined),
  fc
    .subarray(repositories)
    .map((some) => ({ repositories: some.map(({ registry, repository }) => `${registry}/${repository}`) })),
  fc
    .constantFrom('r.io', 'r.io/a', 'r.io/a/b', 'r.io/a.b', 'docker.io', 'docker.io/library/nginx', 'r')
    .map((below) => ({
      below,
    })),
);

const question = fc.record({
  within,
  sort: fc.constantFrom('name' as const, 'updated' as const),
  order: fc.constantFrom('asc' as const, 'desc' as const),
  limit: fc.integer({ min: 1, max: 9 }),
  word: fc.constantFrom(...words),
  repository: fc.nat(repositories.length - 1),
  tag: fc.constantFrom(...tags),
  hasTag: fc.boolean(),
  types: fc.option(fc.subarray<ChangeType>(['tag.created', 'tag.deleted', 'manifest.deleted']), {
    nil: undefined,
  }),
  before: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
});
type Question = typeof question extends fc.Arbitrary<infer Q> ? Q : never;

interface ModelTag {
  readonly key: string;
  readonly tag: string;
  readonly word: string;
  readonly updatedAt: number;
}

interface ModelChange {
  readonly type: ChangeType;
  readonly key: string;
  readonly tag: string | null;
}

class Model {
  readonly tags = new Map<string, ModelTag>();
  /** The change of sequence n at n - 1. */
  readonly changes: ModelChange[] = [];
  readonly #everSeen = new Set<string>();
  /** Digests that a repository holds. */
  readonly #held = new Set<string>();

  apply(one: Act, now: number): void {
    const key = keyOf(one);
    const name = `${key}:${one.tag}`;
    if (one.do === 'look' || one.do === 'first look') this.#look(one, key, name, now);
    else if (one.do === 'tag gone') this.#end((row) => row.key === key && row.tag === one.tag);
    else if (one.do === 'repository gone') {
      this.#end((row) => row.key === key);
      for (const held of this.#held) if (held.startsWith(`${key}@`)) this.#held.delete(held);
    } else if (this.#held.delete(`${key}@${one.word}`)) {
      this.#end((row) => row.key === key && row.word === one.word);
      this.changes.push({ type: 'manifest.deleted', key, tag: null });
    }
  }

  #look({ do: kind, tag, word }: Act, key: string, name: string, now: number): void {
    const known = this.tags.get(name);
    this.#held.add(`${key}@${word}`);
    if (known?.word === word) return;
    this.tags.set(name, { key, tag, word, updatedAt: now });
    if (known !== undefined) this.changes.push({ type: 'tag.updated', key, tag });
    else if (kind === 'look' || this.#everSeen.has(name))
      this.changes.push({ type: 'tag.created', key, tag });
    this.#everSeen.add(name);
  }

  #end(matches: (row: ModelTag) => boolean): void {
    const ended = [...this.tags].filter(([, row]) => matches(row)).sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [name, { key, tag }] of ended) {
      this.tags.delete(name);
      this.changes.push({ type: 'tag.deleted', key, tag });
    }
  }

  rows(where: Within | undefined): ModelTag[] {
    return [...this.tags.values()].filter(({ key }) => isIn(key, where)).sort(byName);
  }

  list({ within, sort, order }: Pick<Question, 'within' | 'sort' | 'order'>): string[] {
    const rows = this.rows(within);
    if (sort === 'updated') rows.sort((a, b) => a.updatedAt - b.updatedAt);
    return (order === 'asc' ? rows : rows.reverse()).map(write);
  }

  history({ repository, tag, hasTag, types, before }: Question): string[] {
    const key = keyOf({ repository });
    return this.changes
      .map((change, i) => ({ ...change, sequence: i + 1 }))
      .filter((change) => change.key === key && (!hasTag || change.tag === tag))
      .filter(({ type, sequence }) => (types?.includes(type) ?? true) && sequence < (before ?? Infinity))
      .map(({ sequence, type }) => `${sequence} ${type}`)
      .reverse();
  }
}

function keyOf({ repository }: Pick<Act, 'repository'>): string {
  const { registry = '', repository: name = '' } = repositories[repository] ?? {};
  return `${registry}/${name}`;
}

function isIn(key: string, where: Within | undefined): boolean {
  if (where === undefined) return true;
  return 'repositories' in where ? where.repositories.includes(key) : `${key}/`.startsWith(`${where.below}/`);
}

/** Blanks sort before every character of a name, so this is the order of registry, repository and tag. */
function byName(a: ModelTag, b: ModelTag): number {
  const text = ({ key, tag }: ModelTag) => `${key.replace('/', ' ')} ${tag}`;
  return text(a) < text(b) ? -1 : 1;
}

function write({ key, tag, word, updatedAt }: ModelTag): string {
  return `${key}:${tag} ${digestOf(word)} ${updatedAt}`;
}

function observationOf({ do: kind, repository, tag, word }: Act): Observation {
  const of = { ...(repositories[repository] ?? { registry: '', repository: '' }), origin: 'poll' };
  const digest = digestOf(word);
  switch (kind) {
    case 'look':
    case 'first look': {
      const seen = { ...of, kind: 'tag', tag, digest, mediaType: null, size: null, looked: true } as const;
      return kind === 'look' ? seen : { ...seen, silent: true };
    }
    case 'tag gone':
      return { ...of, kind: 'tag-gone', tag, looked: true };
    case 'manifest gone':
      return { ...of, kind: 'manifest-gone', digest };
    case 'repository gone':
      return { ...of, kind: 'repository-gone' };
  }
}

export function queryModelContract(world: World, survives: boolean): void {
  const begin = async () => {
    await world.begin({ limits: { ...limits, maxRowsLookedAt } });
    return new Model();
  };
  const run = async (model: Model, acts: readonly Act[]) => {
    for (const one of acts) {
      world.clock.advance(one.afterMs);
      model.apply(one, world.clock.now());
      await world.ledger.record([observationOf(one)]);
    }
  };
  const numRuns = survives ? 15 : 300;

  describe('against a model', () => {
    test('every query gives the rows of the model in its order, in pages of any size', {
      timeout: 120_000,
    }, async () => {
      const runs = fc.record({
        acts: fc.array(act, { maxLength: 60 }),
        asked: fc.array(question, { minLength: 8, maxLength: 8 }),
      });
      await fc.assert(
        fc.asyncProperty(runs, async ({ acts, asked }) => {
          const model = await begin();
          await run(model, acts);
          for (const one of asked) await compare(world.ledger, model, one);
          await compareRepositories(world.ledger, model);
        }),
        { numRuns },
      );
    });

    test('a tag that rests while others come, move and go is in exactly one page, in its place', {
      timeout: 120_000,
    }, async () => {
      const runs = fc.record({
        acts: fc.array(act, { minLength: 10, maxLength: 60 }),
        meanwhile: fc.array(act, { maxLength: 20 }),
        asked: question,
      });
      await fc.assert(
        fc.asyncProperty(runs, async ({ acts, meanwhile, asked }) => {
          const model = await begin();
          await run(model, acts);
          const resting = new Set(model.list(asked));
          const waiting = [...meanwhile];
          const query = queryOf(asked);
          const found = await follow(async (after) => {
            const page = await world.ledger.listTags(after === null ? query : { ...query, after });
            await run(model, waiting.splice(0, 1));
            const now = new Set(model.list(asked));
            for (const row of resting) if (!now.has(row)) resting.delete(row);
            return page;
          });
          const seen = found.map(written);
          expect(seen.filter((row) => resting.has(row))).toEqual([...resting]);
          const names = found.map((row) => `${row.registry}/${row.repository}:${row.tag}`);
          if (asked.sort === 'name') expect(new Set(names).size).toBe(names.length);
        }),
        { numRuns },
      );
    });

    test('an imported ledger gives the same answers', { timeout: 120_000 }, async () => {
      const runs = fc.record({ acts: fc.array(act, { maxLength: 60 }), asked: question });
      await fc.assert(
        fc.asyncProperty(runs, async ({ acts, asked }) => {
          const model = await begin();
          await run(model, acts);
          const { registry, repository } = repositories[asked.repository] ?? { registry: '', repository: '' };
          const listed = {
            kind: 'listed',
            registry,
            repository,
            origin: 'poll',
            looked: true,
            whole: true,
          } as const;
          await world.ledger.record([listed]);
          const other = await world.openOther({ limits: { ...limits, maxRowsLookedAt } });
          try {
            await other.ledger.importRows(world.ledger.exportRows());
            await compare(other.ledger, model, asked);
            const names = [...model.tags.values()].map(({ key, tag }) => ({ ...splitKey(key), tag }));
            expect(await other.ledger.states(names)).toEqual(await world.ledger.states(names));
            const digests = words.map(digestOf);
            const of = { registry, repository };
            expect(await other.ledger.digests(of, digests)).toEqual(await world.ledger.digests(of, digests));
            const query = { limit: 9 };
            expect(await other.ledger.listRepositories(query)).toEqual(
              await world.ledger.listRepositories(query),
            );
          } finally {
            await other.close();
          }
        }),
        { numRuns: survives ? 8 : 100 },
      );
    });
  });
}

function queryOf({ within, sort, order, limit }: Question): TagListQuery {
  return { ...(within === undefined ? {} : { within }), sort, order, limit };
}

function written(row: {
  registry: string;
  repository: string;
  tag: string;
  digest: string | null;
  updatedAt: number;
}) {
  return `${row.registry}/${row.repository}:${row.tag} ${row.digest} ${row.updatedAt}`;
}

async function compare(ledger: TestedLedger, model: Model, asked: Question): Promise<void> {
  const query = queryOf(asked);
  expect((await allOf(ledger, query)).map(written)).toEqual(model.list(asked));
  const atDigest = { ...query, digest: digestOf(asked.word) };
  const found = await follow((after: TagPlace | null) =>
    ledger.tagsAt(after === null ? atDigest : { ...atDigest, after }),
  );
  const expected = model.rows(asked.within).filter(({ word }) => word === asked.word);
  expect(found.map(written)).toEqual(expected.map(write));
  await compareHistory(ledger, model, asked);
}

async function compareHistory(ledger: TestedLedger, model: Model, asked: Question): Promise<void> {
  const { types, limit, repository, hasTag, tag } = asked;
  const of = {
    ...(repositories[repository] ?? { registry: '', repository: '' }),
    ...(hasTag ? { tag } : {}),
  };
  const found: string[] = [];
  for (let before = asked.before ?? null; ; ) {
    const more = { ...(types === undefined ? {} : { types }), ...(before === null ? {} : { before }) };
    const page = await ledger.history({ of, limit, ...more });
    found.push(...page.changes.map(({ sequence, type }) => `${sequence} ${type}`));
    before = page.next;
    if (before === null) break;
  }
  expect(found).toEqual(model.history(asked));
}

async function compareRepositories(ledger: TestedLedger, model: Model): Promise<void> {
  const counts = new Map<string, number>();
  for (const { key } of model.rows(undefined)) counts.set(key, (counts.get(key) ?? 0) + 1);
  const { repositories: rows } = await ledger.listRepositories({ limit: 1_000 });
  expect(rows.map((row) => [`${row.registry}/${row.repository}`, row.tags])).toEqual([...counts]);
  for (const row of rows) {
    const key = `${row.registry}/${row.repository}`;
    const newest = model.changes.findLastIndex((change) => change.key === key) + 1;
    expect(row.lastChange?.sequence ?? 0).toBe(newest);
  }
  const { lists } = await ledger.lists(rows);
  expect(lists).toMatchObject(rows.map(({ tags, listed }) => ({ tags, listed })));
}

function splitKey(key: string) {
  const slash = key.indexOf('/');
  return { registry: key.slice(0, slash), repository: key.slice(slash + 1) };
}
