import { crc32 } from 'node:zlib';
import { type RepositoryName, repositoryKey } from '../../event/reference.ts';
import { BoundedMap } from '../../lib/bounded-map.ts';
import { RecordDamaged } from '../loss.ts';
import type { Db } from './tables.ts';

const maxCached = 20_000;

/** Interned names, cached both ways. After a rollback `forget` drops the caches: numbers made in it are void. */
export class SqliteNames {
  readonly #repositoryIds = new BoundedMap<string, number>(maxCached);
  readonly #repositories = new BoundedMap<number, RepositoryName>(maxCached);
  readonly #wordIds = new BoundedMap<string, number>(maxCached);
  readonly #words = new BoundedMap<number, string>(maxCached);
  readonly #repositorySums = new BoundedMap<number, number>(maxCached);
  readonly #wordSums = new BoundedMap<number, number>(maxCached);
  readonly #sql;

  constructor(db: Db) {
    this.#sql = {
      repositoryId: db
        .prepare<[string, string], number>('SELECT id FROM repository WHERE registry = ? AND name = ?')
        .pluck(),
      repository: db.prepare<[number], RepositoryName>(
        'SELECT registry, name AS repository FROM repository WHERE id = ?',
      ),
      addRepository: db.prepare<[string, string]>('INSERT INTO repository (registry, name) VALUES (?, ?)'),
      wordId: db.prepare<[string], number>('SELECT id FROM word WHERE text = ?').pluck(),
      word: db.prepare<[number], string>('SELECT text FROM word WHERE id = ?').pluck(),
      addWord: db.prepare<[string]>('INSERT INTO word (text) VALUES (?)'),
    };
  }

  /** Undefined if the repository was never written. */
  findRepository(registry: string, repository: string): number | undefined {
    const key = repositoryKey({ registry, repository });
    const cached = this.#repositoryIds.get(key);
    if (cached !== undefined) return cached;
    const id = this.#sql.repositoryId.get(registry, repository);
    if (id !== undefined) this.#repositoryIds.set(key, id);
    return id;
  }

  repositoryId({ registry, repository }: RepositoryName): number {
    const known = this.findRepository(registry, repository);
    if (known !== undefined) return known;
    const id = Number(this.#sql.addRepository.run(registry, repository).lastInsertRowid);
    this.#repositoryIds.set(repositoryKey({ registry, repository }), id);
    return id;
  }

  repository(id: number): RepositoryName {
    return this.#repositories.getOrMake(id, () => found(this.#sql.repository.get(id), `repository ${id}`));
  }

  wordId(text: string): number;
  wordId(text: string | null): number | null;
  wordId(text: string | null): number | null {
    if (text === null) return null;
    return this.#wordIds.getOrMake(
      text,
      () => this.#sql.wordId.get(text) ?? Number(this.#sql.addWord.run(text).lastInsertRowid),
    );
  }

  word(id: number): string;
  word(id: number | null): string | null;
  word(id: number | null): string | null {
    if (id === null) return null;
    return this.#words.getOrMake(id, () => found(this.#sql.word.get(id), `word ${id}`));
  }

  repositorySum(id: number): number {
    return this.#repositorySums.getOrMake(id, () => crc32(repositoryKey(this.repository(id))));
  }

  wordSum(id: number | null): number | null {
    if (id === null) return null;
    return this.#wordSums.getOrMake(id, () => crc32(this.word(id)));
  }

  forget(): void {
    this.#repositorySums.clear();
    this.#wordSums.clear();
    this.#repositoryIds.clear();
    this.#repositories.clear();
    this.#wordIds.clear();
    this.#words.clear();
  }
}

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new RecordDamaged(what);
  return value;
}
