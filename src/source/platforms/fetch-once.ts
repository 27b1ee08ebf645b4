import type { Digest } from '../../event/digest.ts';
import { type RepositoryName, repositoryKey } from '../../event/reference.ts';
import type { Manifest, ManifestStore } from '../../ledger/manifests.ts';
import type { Clock } from '../../lib/clock.ts';
import { within } from '../../lib/deadline.ts';

/** Who wants a manifest, and how long. */
export interface Wish extends RepositoryName {
  readonly digest: Digest;
  /** How long the caller waits, ms. */
  readonly withinMs: number;
  readonly signal: AbortSignal;
}

interface FetchOnceOptions {
  readonly store: Pick<ManifestStore, 'get' | 'claim' | 'release'>;
  readonly clock: Clock;
}

/** How an attempt ended. `taken`: another gateway fetches it. `cut`: the caller that began it waited no longer. */
type Attempt = Manifest | 'missing' | 'taken' | 'cut';

/** How often the store is asked for what another gateway fetches, ms. */
const recheckMs = 100;

/** Fetches each manifest once, for all who want it at the same time: in this gateway, and in those of one store. */
export class FetchOnce {
  readonly #options: FetchOnceOptions;
  readonly #underWay = new Map<Digest, { readonly from: string; readonly ended: Promise<Attempt> }>();

  constructor(options: FetchOnceOptions) {
    this.#options = options;
  }

  /**
   * What the store has, otherwise what `fetch` gets and keeps. It waits for the request of another at most half of its
   * time: that gateway may have ended, or be in less of a hurry.
   *
   * @param isEnough whether what the store has will do
   * @param fetch null: the registry does not have it, or cannot be asked
   * @returns null if it could not be had in time
   */
  async get(
    wish: Wish,
    isEnough: (known: Manifest) => boolean,
    fetch: () => Promise<Manifest | null>,
  ): Promise<Manifest | null> {
    const { store, clock } = this.#options;
    const from = repositoryKey(wish);
    const until = clock.monotonic() + wish.withinMs / 2;
    for (;;) {
      const known = await store.get(wish.digest);
      if (known !== null && isEnough(known)) return known;
      if (wish.signal.aborted) return null;
      const leftMs = until - clock.monotonic();
      const other = leftMs > 0 ? this.#underWay.get(wish.digest) : undefined;
      const attempt = other === undefined ? this.#begin(wish, leftMs <= 0, isEnough, fetch) : null;
      const ended = await (attempt ?? this.#inTime(wish, leftMs, other?.ended));
      // Another one may have wanted less of it.
      if (typeof ended === 'object' && (attempt !== null || isEnough(ended))) return ended;
      // A registry may refuse one repository and serve another.
      if (ended === 'missing' && (attempt !== null || other?.from === from)) return null;
      if (ended === 'taken') await clock.sleep(Math.min(recheckMs, Math.max(leftMs, 1)), wish.signal);
    }
  }

  #inTime({ signal }: Wish, timeoutMs: number, ended: Promise<Attempt> | undefined): Promise<Attempt> {
    const { clock } = this.#options;
    return within(
      { clock, timeoutMs, signal },
      async () => (await ended) ?? 'cut',
      () => 'cut',
    );
  }

  #begin(
    wish: Wish,
    isForced: boolean,
    isEnough: (known: Manifest) => boolean,
    fetch: () => Promise<Manifest | null>,
  ): Promise<Attempt> {
    const { digest } = wish;
    const ended = this.#attempt(wish, isForced, isEnough, fetch).finally(() => {
      if (this.#underWay.get(digest)?.ended === ended) this.#underWay.delete(digest);
    });
    this.#underWay.set(digest, { from: repositoryKey(wish), ended });
    return ended;
  }

  async #attempt(
    { digest, withinMs, signal }: Wish,
    isForced: boolean,
    isEnough: (known: Manifest) => boolean,
    fetch: () => Promise<Manifest | null>,
  ): Promise<Attempt> {
    const { store } = this.#options;
    const isOurs = await store.claim(digest, withinMs);
    if (!isOurs && !isForced) return 'taken';
    try {
      // Another gateway may have kept it, and given its claim back, after this one looked.
      const known = await store.get(digest);
      if (known !== null && isEnough(known)) return known;
      return (await fetch()) ?? (signal.aborted ? 'cut' : 'missing');
    } finally {
      // If that fails, the claim runs out.
      if (isOurs) await store.release(digest).catch(() => {});
    }
  }
}
