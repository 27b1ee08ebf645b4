import type { Change } from '../../event/change.ts';
import type { Metrics } from '../../lib/metrics.ts';
import type { Asked } from './manifests.ts';
import type { Wanted } from './wanted.ts';

interface KeeperOptions {
  readonly wanted: Wanted;
  readonly manifests: { keep(asked: Asked, withinMs: number, signal: AbortSignal): Promise<void> };
  readonly metrics: Metrics;
}

/** Manifests that wait to be fetched; beyond it they are not, and are fetched when they are needed. */
export const maxWaiting = 1_000;
const maxAtOnce = 4;
/** How long a registry may refuse until a manifest is given up, ms. */
const patienceMs = 60_000;

/** Fetches the manifests of new digests into the store, in the background, where `watch[].manifests` asks for it. */
export class ManifestKeeper {
  readonly #options: KeeperOptions;
  readonly #stop = new AbortController();
  readonly #waiting: Asked[] = [];
  readonly #underWay = new Set<Promise<void>>();
  readonly #results;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#results = options.metrics.counter(
      'manifests_kept_total',
      'Manifests that were to be kept for a watch, by result',
      ['result'],
    );
  }

  /** Takes the changes that this gateway recorded. Cheap, and never throws. */
  take(changes: readonly Change[]): void {
    for (const { registry, repository, tag, digest, mediaType } of changes) {
      if (tag === null || digest === null || !this.#options.wanted.of(registry, repository, tag)) continue;
      if (this.#waiting.length >= maxWaiting) this.#results.inc({ result: 'skipped' });
      else this.#waiting.push({ registry, repository, digest, mediaType });
    }
    while (this.#underWay.size < maxAtOnce && this.#waiting.length > 0) this.#begin();
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#waiting.length = 0;
    await Promise.all(this.#underWay);
  }

  #begin(): void {
    const asked = this.#waiting.shift();
    if (asked === undefined || this.#stop.signal.aborted) return;
    const task = this.#options.manifests
      .keep(asked, patienceMs, this.#stop.signal)
      .then(
        () => this.#results.inc({ result: 'done' }),
        () => this.#results.inc({ result: 'failed' }),
      )
      .finally(() => {
        this.#underWay.delete(task);
        this.take([]);
      });
    this.#underWay.add(task);
  }
}
