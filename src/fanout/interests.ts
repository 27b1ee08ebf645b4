/**
 * Bounds what subscriptions may ask for: one connection, one owner (a token or an address), and all together. Equal
 * filters are held once, and counted once for each owner. A subscription counts as soon as it is asked for.
 *
 * Each owner has a share, and may hold at most as much as is still free, so no owner takes the room of the others.
 */
import { hash } from 'node:crypto';
import { type ManifeedError, refusalOf } from '../errors.ts';
import type { Filter } from '../event/filter.ts';
import { BoundedMap } from '../lib/bounded-map.ts';
import type { Clock } from '../lib/clock.ts';
import type { BucketRule } from '../lib/leaky-bucket.ts';
import { Account } from './interest-account.ts';

/** Globs count by their wildcards and ranges by their comparators; `**` counts nothing. */
export interface InterestLimits {
  /** Of one connection's subscriptions together. */
  readonly globsPerConnection: number;
  /** Of one owner: each repository glob once, and the tags of each different filter. */
  readonly globsPerClient: number;
  /** Of all owners, counted in the same way. */
  readonly globs: number;
  /** Memory of one connection's filters (`Filter.memoryBytes`). */
  readonly filterBytesPerConnection: number;
  /** Of one owner's different filters. */
  readonly filterBytesPerClient: number;
  /** Of all different filters. */
  readonly filterBytes: number;
}

const globUnit = 'wildcards and comparators in globs and ranges';
const memoryUnit = 'bytes of memory for filters';
/** Time until an owner may ask for its whole share of new globs again. */
const secondsToRegain = 25;
/** Owners known before any is forgotten. */
const leastOwners = 1_000;

interface Held {
  readonly filter: Filter;
  holders: number;
}

export class Interests {
  readonly #limits: InterestLimits;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #held = new Map<string, Held>();
  readonly #total: Account;
  readonly #byOwner = new Map<string, Account>();
  readonly #askedBefore = new AskedBefore();
  /** At this number of owners, those that hold nothing are forgotten. */
  #sweepAt = leastOwners;

  constructor(limits: InterestLimits, clock: Pick<Clock, 'monotonic'>) {
    this.#limits = limits;
    this.#clock = clock;
    this.#total = new Account();
  }

  /** What all owners hold, and how many owners are known. */
  get counts(): { readonly globs: number; readonly bytes: number; readonly owners: number } {
    const { globs, bytes } = this.#total;
    return { globs, bytes, owners: this.#byOwner.size };
  }

  /**
   * Counts a filter until it is released. If it throws, nothing has changed.
   *
   * @param owner the token or address that is charged; '': all share one account
   * @param others the filters that the same connection already holds
   * @param goesOn the subscription resumes near the head: globs that this owner asked for before do not count as
   *   new
   * @returns the filter to keep: an equal one if there is one already
   * @throws SUBSCRIPTION_LIMIT for what this connection asks for; TOO_MANY_REQUESTS for what this owner asks for in
   *   a short time; TOO_MANY_CONNECTIONS for what this owner or all hold
   */
  hold(filter: Filter, owner: string, others: readonly Filter[], goesOn = false): Filter {
    this.#checkConnection(filter, others);
    const held = this.#held.get(filter.key);
    const kept = held?.filter ?? filter;
    const known = this.#byOwner.get(owner);
    const account = known ?? new Account();
    if (!account.has(kept)) this.#checkOwner(kept, owner, account, goesOn);
    if (held === undefined) {
      this.#held.set(kept.key, { filter: kept, holders: 1 });
      this.#total.add(kept);
    } else held.holders++;
    account.add(kept);
    if (known === undefined) this.#know(owner, account);
    return kept;
  }

  /** @param filter what `hold` returned, or an equal one */
  release(filter: Filter, owner: string): void {
    const held = this.#held.get(filter.key);
    const account = this.#byOwner.get(owner);
    if (held === undefined || account === undefined || !account.has(held.filter)) return;
    account.remove(held.filter);
    if (--held.holders > 0) return;
    this.#held.delete(filter.key);
    this.#total.remove(held.filter);
  }

  /** Charges globs that are judged once; held ones are free. @throws SUBSCRIPTION_LIMIT, TOO_MANY_REQUESTS */
  charge(filter: Filter, owner: string): void {
    this.#checkConnection(filter, []);
    const account = this.#byOwner.get(owner) ?? new Account();
    if (account.has(this.#held.get(filter.key)?.filter ?? filter)) return;
    this.#takeFromBucket(filter, owner, account);
    if (globsOf(filter) > 0) this.#askedBefore.add(owner, filter);
    this.#know(owner, account);
  }

  #checkConnection(filter: Filter, others: readonly Filter[]): void {
    const { globsPerConnection, filterBytesPerConnection } = this.#limits;
    let globs = globsOf(filter);
    let bytes = filter.memoryBytes;
    for (const other of others) {
      globs += globsOf(other);
      bytes += other.memoryBytes;
    }
    if (globs > globsPerConnection) {
      throw overConnection(faulty(filter), `${globs} ${globUnit}`, globsPerConnection);
    }
    if (bytes > filterBytesPerConnection) {
      throw overConnection('repository', `${bytes} ${memoryUnit}`, filterBytesPerConnection);
    }
  }

  #checkOwner(filter: Filter, owner: string, account: Account, goesOn: boolean): void {
    const { globsPerClient, globs, filterBytesPerClient, filterBytes } = this.#limits;
    // If others hold it already, it takes no more room.
    const isHeld = this.#held.has(filter.key);
    const mine = account.globsWith(filter);
    const ofGlobs = {
      ...{ held: account.globs, asked: mine, share: globsPerClient },
      ...{ total: this.#total.globs, more: isHeld ? 0 : this.#total.globsWith(filter), max: globs },
    };
    const ofMemory = {
      ...{ held: account.bytes, asked: filter.memoryBytes, share: filterBytesPerClient },
      ...{ total: this.#total.bytes, more: isHeld ? 0 : filter.memoryBytes, max: filterBytes },
    };
    refuseOver(ofGlobs, owner, faulty(filter), globUnit);
    refuseOver(ofMemory, owner, 'repository', memoryUnit);
    if (mine === 0) return;
    if (!goesOn || !this.#askedBefore.has(owner, filter)) this.#takeFromBucket(filter, owner, account);
    this.#askedBefore.add(owner, filter);
  }

  /** An owner may ask for a share of globs at once, then for a share in 25 s: each is judged for every repository. */
  #takeFromBucket(filter: Filter, owner: string, account: Account): void {
    const more = account.globsWith(filter);
    const rule = this.#bucketRule(owner);
    if (more === 0 || account.newGlobs.addIfFits(more, rule, this.#clock.monotonic())) return;
    const need = `must be at most ${Math.max(1, Math.floor(rule.perSecond))} wildcards and comparators a second`;
    const message = `subscribe: new globs and ranges too fast: ${need}`;
    throw refusalOf('TOO_MANY_REQUESTS', faulty(filter), message);
  }

  #bucketRule(owner: string): BucketRule {
    const { globsPerClient, globs } = this.#limits;
    const capacity = owner === '' ? globs : Math.min(globsPerClient, globs);
    return { capacity, perSecond: capacity / secondsToRegain };
  }

  #know(owner: string, account: Account): void {
    this.#byOwner.set(owner, account);
    if (this.#byOwner.size < this.#sweepAt) return;
    const now = this.#clock.monotonic();
    for (const [name, each] of this.#byOwner) {
      if (each.isIdle(this.#bucketRule(name).perSecond, now)) this.#byOwner.delete(name);
    }
    this.#sweepAt = Math.max(leastOwners, 2 * this.#byOwner.size);
  }
}

function globsOf({ wildcards, tagConditions }: Filter): number {
  return wildcards + tagConditions;
}

/** The parameter with most of the wildcards and comparators, for errors. */
function faulty({ wildcards, tagConditions }: Filter): string {
  return tagConditions > wildcards ? 'tag' : 'repository';
}

function overConnection(parameter: string, found: string, max: number): ManifeedError {
  const message = `subscribe: ${found}: must be at most ${max} per connection`;
  return refusalOf('SUBSCRIPTION_LIMIT', parameter, message);
}

interface Room {
  /** Of this owner: what it holds, what it asks for, and its share. */
  readonly held: number;
  readonly asked: number;
  readonly share: number;
  /** Of all: what they hold, what this adds, and the most. */
  readonly total: number;
  readonly more: number;
  readonly max: number;
}

function refuseOver(room: Room, owner: string, parameter: string, what: string): void {
  if (room.asked === 0) return;
  const refuse = (found: number, whose: string, need: string) =>
    refusalOf('TOO_MANY_CONNECTIONS', parameter, `subscribe: ${found} ${what} of ${whose}: ${need}`);
  const all = room.total + room.more;
  if (room.more > 0 && all > room.max) throw refuse(all, 'all subscribers', `must be at most ${room.max}`);
  // If the share is as large as the whole, one owner may have everything.
  if (owner === '' || room.share >= room.max) return;
  const mine = room.held + room.asked;
  const whose = 'one token or address';
  if (mine > room.share) throw refuse(mine, whose, `must be at most ${room.share}`);
  const free = room.max - all;
  if (room.more > 0 && mine > free) {
    throw refuse(mine, whose, `must be at most as many as are still free, ${free} of ${room.max}`);
  }
}

/** Filters remembered, of all owners together; some 2 MiB. A forgotten filter counts as new. */
export const maxRemembered = 10_000;

/** Which owner asked for which filter before: repeats of a long-poll, or after a reconnect, bring no new globs. */
class AskedBefore {
  readonly #known = new BoundedMap<string, true>(maxRemembered);

  has(owner: string, filter: Filter): boolean {
    return this.#known.has(keyOf(owner, filter));
  }

  add(owner: string, filter: Filter): void {
    this.#known.renew(keyOf(owner, filter), true);
  }
}

/** Hashed, because a filter may be 64 KiB long. */
function keyOf(owner: string, { key }: Filter): string {
  return hash('sha256', `${owner}\0${key}`, 'base64url').slice(0, 22);
}
