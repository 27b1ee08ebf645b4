/**
 * Finds the tags that stand for a digest which is no known manifest of their repository: signatures, attestations,
 * bills of materials and indexes of referrers whose image is gone.
 */
import { ManifeedError } from '../../errors.ts';
import type { Digest } from '../../event/digest.ts';
import { digestTagPrefix, subjectOf } from '../../event/digest-tag.ts';
import { type RepositoryName, repositoryKey } from '../../event/reference.ts';
import type { TagState } from '../../ledger/ledger.ts';
import type { LedgerQueries, TagPlace } from '../../ledger/queries.ts';
import { maxStep, type Reading } from '../../reading/reading.ts';
import type { Presence } from '../../registry/presence.ts';

/** Asks registries whether a repository has a digest. */
export interface Presences {
  /** Whether the registry may ever be asked. */
  knows(registry: string): boolean;
  /** At most `facade.maxAge` old. Resolves within a bounded time. What is there is known from then on. */
  ask(of: RepositoryName, digest: Digest): Promise<Presence>;
}

export interface OrphanParts {
  readonly ledger: Pick<LedgerQueries, 'listTags' | 'digests' | 'manifests'>;
  /** ms, never falls. */
  readonly monotonic: () => number;
}

export interface OrphanRequest {
  readonly repository: RepositoryName;
  /** The tag after which the page begins; undefined: from the beginning. */
  readonly after: string | undefined;
  /** Most rows, 1–1,000. */
  readonly n: number;
  /** Asks the registry for each row; null: what the index knows is enough. */
  readonly presences: Presences | null;
}

export interface Orphan {
  readonly row: TagState;
  /** What the tag stands for. */
  readonly subject: Digest;
}

export interface OrphanPage {
  readonly rows: readonly Orphan[];
  /** The last tag that was decided; null: this was the last page. Not null does not promise more rows. */
  readonly next: string | null;
}

/** Tags decided together, and questions to a registry under way at once. */
const groupSize = 8;
/** How long one request goes on asking the registry, ms; it then answers with what it has. */
export const askingMs = 5_000;

/** @throws TOO_MANY_REQUESTS if not even the first row could be verified */
export async function findOrphans(
  parts: OrphanParts,
  reading: Reading,
  request: OrphanRequest,
): Promise<OrphanPage> {
  return new Search(parts, reading, request).run();
}

class Search {
  readonly #parts: OrphanParts;
  readonly #reading: Reading;
  readonly #request: OrphanRequest;
  readonly #found: Orphan[] = [];
  readonly #until: number;
  /** Rows of the next step: most repositories have fewer signatures than that, and other tags behind them. */
  #limit: number;
  /** All tags up to this one are decided. */
  #place: string;

  constructor(parts: OrphanParts, reading: Reading, request: OrphanRequest) {
    this.#parts = parts;
    this.#reading = reading;
    this.#request = request;
    this.#limit = request.n;
    this.#until = parts.monotonic() + askingMs;
    this.#place = request.after ?? digestTagPrefix;
  }

  async run(): Promise<OrphanPage> {
    for (;;) {
      if (!this.#reading.hasRoomFor(2)) return this.#end();
      const { open, next } = await this.#nextTags();
      for (let at = 0; at < open.length; ) {
        // As a group looks at no more than `groupSize` digests, their parents, and these.
        if (this.#found.length === this.#request.n || !this.#reading.hasRoomFor(2)) return this.#end();
        const group = open.slice(at, at + Math.min(groupSize, this.#request.n - this.#found.length));
        if (!(await this.#decide(group))) return this.#end();
        at += group.length;
      }
      if (next === null) return { rows: this.#found, next: null };
      this.#place = next;
    }
  }

  #end(): OrphanPage {
    return { rows: this.#found, next: this.#place };
  }

  /** The next tags whose digest the repository does not hold by a tag or a push; `next` is null on the last page. */
  async #nextTags(): Promise<{ readonly open: readonly Candidate[]; readonly next: string | null }> {
    const { repository } = this.#request;
    const after: TagPlace = { ...repository, tag: this.#place, updatedAt: 0 };
    const within = { repositories: [repositoryKey(repository)] };
    const limit = this.#limit;
    this.#limit = maxStep;
    const page = await this.#reading.step(() => this.#parts.ledger.listTags({ within, after, limit }));
    const candidates = page.tags.flatMap((row) => {
      const subject = subjectOf(row.tag);
      return subject === null ? [] : [{ row, subject }];
    });
    const held = await this.#held(candidates.map(({ subject }) => subject));
    // A digest that was deleted is not held either.
    const open = candidates.flatMap((one, at) => {
      const isHeld = held[at] ?? null;
      return isHeld === true ? [] : [{ ...one, wasDeleted: isHeld === false }];
    });
    const last = page.tags.at(-1)?.tag ?? page.next?.tag ?? digestTagPrefix;
    const isOver = page.next === null || !last.startsWith(digestTagPrefix);
    return { open, next: isOver ? null : (page.next?.tag ?? null) };
  }

  /** Of each digest whether the repository holds it; null: it never was heard of there. */
  async #held(digests: readonly Digest[]): Promise<readonly (boolean | null)[]> {
    if (digests.length === 0) return [];
    const { held } = await this.#reading.step(async () => ({
      held: await this.#parts.ledger.digests(this.#request.repository, digests),
      looked: digests.length,
    }));
    return held.map((one) => (one === null ? null : one.present));
  }

  /** @returns false: the registry would not say of all of them now; those before are decided */
  async #decide(group: readonly Candidate[]): Promise<boolean> {
    const children = await this.#children(group);
    const orphans = group.filter((one) => !children.has(one.subject));
    const answers = await this.#askRegistry(orphans);
    for (const one of group) {
      const answer = children.has(one.subject) ? 'there' : answers.get(one);
      if (answer !== 'there' && answer !== 'gone') {
        if (answer !== undefined && this.#place === (this.#request.after ?? digestTagPrefix))
          throw refused(answer);
        return false;
      }
      if (answer === 'gone') this.#found.push({ row: one.row, subject: one.subject });
      this.#place = one.row.tag;
    }
    return true;
  }

  /** Those that are a child of an index which the repository holds. */
  async #children(group: readonly Candidate[]): Promise<ReadonlySet<Digest>> {
    const subjects = [
      ...new Set(group.filter(({ wasDeleted }) => !wasDeleted).map(({ subject }) => subject)),
    ];
    if (subjects.length === 0) return new Set();
    const { parents } = await this.#reading.step(async () => {
      const parents = await Promise.all(
        subjects.map((subject) => this.#parts.ledger.manifests.parents(subject)),
      );
      return { parents, looked: parents.reduce((sum, some) => sum + some.length, subjects.length) };
    });
    const all = [...new Set(parents.flat())];
    const held = await this.#held(all);
    const known = new Set(all.filter((_, at) => held[at] === true));
    return new Set(subjects.filter((_, at) => (parents[at] ?? []).some((parent) => known.has(parent))));
  }

  /** Without a registry to ask, what is not known counts as gone. No answer: there was no time left to ask. */
  async #askRegistry(orphans: readonly Candidate[]): Promise<ReadonlyMap<Candidate, Presence>> {
    const { presences, repository } = this.#request;
    if (presences === null) return new Map(orphans.map((one) => [one, 'gone']));
    const isLate = this.#parts.monotonic() >= this.#until;
    if (orphans.length === 0 || isLate) return new Map();
    const { answers } = await this.#reading.step(async () => ({
      answers: await Promise.all(orphans.map(({ subject }) => presences.ask(repository, subject))),
      looked: 0,
    }));
    return new Map(orphans.flatMap((one, at) => (answers[at] === undefined ? [] : [[one, answers[at]]])));
  }
}

interface Candidate extends Orphan {
  /** The repository held it, and it was deleted. */
  readonly wasDeleted: boolean;
}

function refused({ message, retryAfterMs }: Exclude<Presence, string>): ManifeedError {
  return new ManifeedError('TOO_MANY_REQUESTS', message, { retryAfterMs });
}
