/**
 * An independent model of the ledger for property tests. It has no rows and no transactions: it decides from a
 * map of what was last said. It was written from the rules in prose, not from `decide.ts`.
 */
import type { Observation } from '../../src/event/observation.ts';

/** When something was last believed, by the ledger's time, and the newest time that a sender gave for it. */
interface Memory {
  asOf: number;
  said: { at: number; by: string } | null;
}

interface Tag extends Memory {
  digest: string | null;
  isThere: boolean;
  /** When the registry was last asked about it. */
  lookedAt: number | null;
}

interface Manifest extends Memory {
  isThere: boolean;
}

const tenMinutesMs = 600_000;

/** What the ledger should announce: `type repository tag digest previous`. */
export type Announcement = string;

export class LedgerModel {
  readonly tags = new Map<string, Tag>();
  readonly #manifests = new Map<string, Manifest>();
  readonly #scopes = new Set<string>();
  readonly #keys = new Set<string>();
  readonly announcements: Announcement[] = [];

  /** Tags to look at again, as `repository:tag`. */
  readonly waiting: string[] = [];

  /**
   * Takes in one observation. `now` is the ledger's time, which never goes back here. `wall` is the gateway's
   * clock, which senders' times are compared with.
   */
  observe(seen: Observation, now: number, wall = now): void {
    if (seen.dedupeKey) {
      if (this.#keys.has(seen.dedupeKey)) return;
      this.#keys.add(seen.dedupeKey);
    }
    const word = new Word(seen, now, wall);
    const home = `${seen.registry}/${seen.repository}`;
    if (seen.kind === 'tag') this.#tag(home, seen.tag, seen.digest, word, seen.silent === true);
    else if (seen.kind === 'tag-gone') {
      const tag = this.tags.get(`${home}:${seen.tag}`);
      if (tag && !word.isOlderThan(tag)) this.#end(home, seen.tag, tag, word);
    } else if (seen.kind === 'manifest') {
      const known = this.#manifests.get(`${home}@${seen.digest}`);
      if (known && !known.isThere && word.isOlderThan(known)) return;
      if (!known?.isThere) this.#say('manifest.pushed', home, '', seen.digest, null);
      this.#know(home, seen.digest, word);
    } else if (seen.kind === 'manifest-gone') this.#manifestGone(home, seen.digest, word);
    else if (seen.kind === 'repository-gone') {
      for (const name of this.#namesIn(home)) {
        const tag = this.tags.get(`${home}:${name}`);
        if (tag?.isThere && !word.isOlderThan(tag)) this.#end(home, name, tag, word);
      }
      for (const [key, manifest] of this.#manifests)
        if (key.startsWith(`${home}@`) && !word.isLateFor(manifest) && !this.#isTagged(home, key))
          this.#manifests.delete(key);
    } else if (seen.kind === 'baseline') this.#scopes.add(`${home} ${seen.scope}`);
  }

  /** The tags that exist, as `repository:tag digest`, sorted. */
  present(): string[] {
    return [...this.tags]
      .filter(([, tag]) => tag.isThere)
      .map(([key, tag]) => `${key} ${tag.digest}`)
      .sort();
  }

  #tag(home: string, name: string, digest: string | null, word: Word, isSilent: boolean): void {
    const manifest = digest === null ? undefined : this.#manifests.get(`${home}@${digest}`);
    if (manifest && !manifest.isThere && word.isOlderThan(manifest)) return;
    const key = `${home}:${name}`;
    const tag = this.tags.get(key);
    const isSame = tag?.isThere && tag.digest === digest;
    if (tag && !isSame) {
      if (word.isOlderThan(tag)) return;
      if (word.isUnsureOf(tag)) return void this.waiting.push(key);
    }
    if (digest !== null) this.#know(home, digest, word);
    if (!tag?.isThere) {
      if (tag || !isSilent) this.#say('tag.created', home, name, digest, null);
      this.tags.set(key, { digest, isThere: true, ...word.memory(tag), lookedAt: word.lookedAt(tag) });
      return;
    }
    const repeats = word.isOlderThan(tag) || word.isUnsureOf(tag) || word.isAsOldAs(tag);
    const isNewsWithoutDigest = digest === null && !repeats;
    const isOtherDigest = digest !== null && digest !== tag.digest;
    if (isNewsWithoutDigest || (isOtherDigest && tag.digest !== null))
      this.#say('tag.updated', home, name, digest, tag.digest);
    if (isNewsWithoutDigest || isOtherDigest) tag.digest = digest;
    Object.assign(tag, word.memory(tag), { lookedAt: word.lookedAt(tag) });
  }

  #manifestGone(home: string, digest: string, word: Word): void {
    const known = this.#manifests.get(`${home}@${digest}`);
    if (!known || word.isOlderThan(known)) return;
    if (known.isThere) {
      const waitedBefore = this.waiting.length;
      for (const name of this.#namesIn(home)) {
        const tag = this.tags.get(`${home}:${name}`);
        if (tag?.isThere && tag.digest === digest && !word.isOlderThan(tag)) this.#end(home, name, tag, word);
      }
      if (this.waiting.length > waitedBefore) return;
      this.#say('manifest.deleted', home, '', digest, null);
    }
    this.#manifests.set(`${home}@${digest}`, { isThere: false, ...word.memory(known) });
  }

  /** Deletes the tag, or marks it for a look if only the registry knows. */
  #end(home: string, name: string, tag: Tag, word: Word): void {
    const key = `${home}:${name}`;
    if (tag.isThere && word.isUnsureOf(tag)) return void this.waiting.push(key);
    if (tag.isThere) this.#say('tag.deleted', home, name, null, tag.digest);
    this.tags.set(key, { digest: null, isThere: false, ...word.memory(tag), lookedAt: word.lookedAt(tag) });
  }

  #know(home: string, digest: string, word: Word): void {
    const known = this.#manifests.get(`${home}@${digest}`);
    this.#manifests.set(`${home}@${digest}`, { isThere: true, ...word.memory(known) });
  }

  /** Whether a tag that exists points at `repository@digest`. */
  #isTagged(home: string, key: string): boolean {
    return this.#namesIn(home).some((name) => {
      const tag = this.tags.get(`${home}:${name}`);
      return tag?.isThere === true && `${home}@${tag.digest}` === key;
    });
  }

  #namesIn(home: string): string[] {
    const prefix = `${home}:`;
    return [...this.tags.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length))
      .sort();
  }

  #say(type: string, home: string, tag: string, digest: string | null, previous: string | null): void {
    this.announcements.push(`${type} ${home} ${tag} ${digest} ${previous}`);
  }
}

/** What an observation says about its time, compared with what is remembered. */
class Word {
  readonly #seen: Observation;
  readonly #now: number;
  readonly #wall: number;

  constructor(seen: Observation, now: number, wall: number) {
    this.#seen = seen;
    this.#now = now;
    this.#wall = wall;
  }

  /** By the ledger's time: when the registry was asked, or when the webhook came. */
  get #stamp(): number {
    return this.#seen.looked ? this.#now - (this.#seen.ageMs ?? 0) : this.#now;
  }

  isOlderThan(known: Memory): boolean {
    return this.#seen.looked ? this.#stamp < known.asOf : this.isLateFor(known);
  }

  /** Whether the same sender gave a later time before, which is comparable with this one. */
  isLateFor({ said }: Memory): boolean {
    const { saidAt, origin } = this.#seen;
    if (saidAt === undefined || said === null || said.by !== origin || saidAt >= said.at) return false;
    if (said.at <= this.#wall || saidAt > this.#wall) return true;
    return said.at - saidAt <= tenMinutesMs;
  }

  isUnsureOf({ lookedAt }: Tag): boolean {
    const { saidAt, looked } = this.#seen;
    if (looked || saidAt === undefined || lookedAt === null) return false;
    if (saidAt > this.#wall) return saidAt <= this.#now && saidAt < lookedAt;
    return this.#wall - saidAt > this.#now - lookedAt;
  }

  isAsOldAs({ said, asOf }: Memory): boolean {
    const { saidAt, origin } = this.#seen;
    if (saidAt !== undefined && said?.by === origin) return saidAt === said.at;
    return this.#stamp <= asOf;
  }

  memory(known: Memory | undefined): Memory {
    const { saidAt, origin } = this.#seen;
    const keeps = saidAt === undefined || (known !== undefined && this.isLateFor(known));
    return {
      asOf: Math.max(this.#stamp, known?.asOf ?? 0),
      said: keeps ? (known?.said ?? null) : { at: saidAt, by: origin },
    };
  }

  lookedAt(tag: Tag | undefined): number | null {
    const known = tag?.lookedAt ?? null;
    return this.#seen.looked ? Math.max(this.#stamp, known ?? 0) : known;
  }
}
