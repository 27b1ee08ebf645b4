/**
 * An independent model of the ledger for property tests: it knows no rows and no transactions, and decides from
 * a plain map of what each tag and digest was last said to be. Written from the rules in prose, not from
 * `decide.ts`.
 */
import type { Observation } from '../../src/event/observation.ts';

interface Tag {
  digest: string | null;
  isThere: boolean;
  asOf: number;
}

interface Manifest {
  isThere: boolean;
  asOf: number;
}

/** What the ledger should make of it: `type repository tag digest previous`. */
export type Announcement = string;

export class LedgerModel {
  readonly tags = new Map<string, Tag>();
  readonly #manifests = new Map<string, Manifest>();
  readonly #scopes = new Set<string>();
  readonly #keys = new Set<string>();
  readonly announcements: Announcement[] = [];

  /** Takes one observation in, at the ledger's time `now`. */
  observe(seen: Observation, now: number): void {
    if (seen.dedupeKey) {
      if (this.#keys.has(seen.dedupeKey)) return;
      this.#keys.add(seen.dedupeKey);
    }
    const t = seen.observedAt > now ? now : seen.observedAt;
    const home = `${seen.registry}/${seen.repository}`;
    if (seen.kind === 'tag') this.#tag(home, seen.tag, seen.digest, t, seen.silent === true);
    else if (seen.kind === 'tag-gone') {
      const tag = this.tags.get(`${home}:${seen.tag}`);
      if (tag && tag.asOf <= t) this.#remove(home, seen.tag, t);
    } else if (seen.kind === 'manifest') {
      const known = this.#manifests.get(`${home}@${seen.digest}`);
      if (known && !known.isThere && known.asOf > t) return;
      if (!known?.isThere) this.#say('manifest.pushed', home, '', seen.digest, null);
      this.#know(home, seen.digest, t);
    } else if (seen.kind === 'manifest-gone') this.#manifestGone(home, seen.digest, t);
    else if (seen.kind === 'repository-gone') {
      for (const name of this.#namesIn(home)) {
        const tag = this.tags.get(`${home}:${name}`);
        if (tag?.isThere && tag.asOf <= t) this.#remove(home, name, t);
      }
      for (const [key, { asOf }] of this.#manifests)
        if (key.startsWith(`${home}@`) && asOf <= t) this.#manifests.delete(key);
    } else this.#scopes.add(`${home} ${seen.scope}`);
  }

  /** Present tags as `repository:tag digest`, sorted. */
  present(): string[] {
    return [...this.tags]
      .filter(([, tag]) => tag.isThere)
      .map(([key, tag]) => `${key} ${tag.digest}`)
      .sort();
  }

  #tag(home: string, name: string, digest: string | null, t: number, isSilent: boolean): void {
    const manifest = digest === null ? undefined : this.#manifests.get(`${home}@${digest}`);
    if (manifest && !manifest.isThere && manifest.asOf > t) return;
    const key = `${home}:${name}`;
    const tag = this.tags.get(key);
    if (tag && tag.asOf > t && !(tag.isThere && tag.digest === digest)) return;
    if (digest !== null) this.#know(home, digest, t);
    if (!tag?.isThere) {
      if (tag || !isSilent) this.#say('tag.created', home, name, digest, null);
      this.tags.set(key, { digest, isThere: true, asOf: t });
      return;
    }
    const isNewsWithoutDigest = digest === null && t > tag.asOf;
    const isOtherDigest = digest !== null && digest !== tag.digest;
    if (isNewsWithoutDigest || (isOtherDigest && tag.digest !== null))
      this.#say('tag.updated', home, name, digest, tag.digest);
    if (isNewsWithoutDigest || isOtherDigest) tag.digest = digest;
    tag.asOf = Math.max(tag.asOf, t);
  }

  #manifestGone(home: string, digest: string, t: number): void {
    const known = this.#manifests.get(`${home}@${digest}`);
    if (!known || known.asOf > t) return;
    if (known.isThere) {
      for (const name of this.#namesIn(home)) {
        const tag = this.tags.get(`${home}:${name}`);
        if (tag?.isThere && tag.digest === digest && tag.asOf <= t) this.#remove(home, name, t);
      }
      this.#say('manifest.deleted', home, '', digest, null);
    }
    this.#manifests.set(`${home}@${digest}`, { isThere: false, asOf: t });
  }

  #remove(home: string, name: string, t: number): void {
    const key = `${home}:${name}`;
    const tag = this.tags.get(key);
    if (tag?.isThere) this.#say('tag.deleted', home, name, null, tag.digest);
    this.tags.set(key, { digest: null, isThere: false, asOf: t });
  }

  #know(home: string, digest: string, t: number): void {
    const asOf = this.#manifests.get(`${home}@${digest}`)?.asOf ?? t;
    this.#manifests.set(`${home}@${digest}`, { isThere: true, asOf: Math.max(asOf, t) });
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
