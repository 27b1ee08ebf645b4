import type { PendingObservation } from '../event/observation.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';

/** What the loop works with. */
export interface PendingWorkOptions {
  readonly clock: Clock;
  readonly log: Log;
}

/** Most observations held at once; the rest stays in the ledger. */
export const maxHeld = 256;
/** How often the ledger is asked without a `wake`, ms: another gateway or a failed commit may have left work. */
const recheckMs = 5_000;

/**
 * Claims what the ledger keeps as pending, and completes it. It owns only the claims: after a crash the observations
 * stay pending, and their leases run out.
 */
export abstract class PendingWork<Pending extends PendingObservation> {
  readonly #options: PendingWorkOptions;
  readonly #stop = new AbortController();
  readonly #tasks = new Map<string, Promise<void>>();
  #signalled = false;
  #wakeUp: (() => void) | null = null;
  #loop: Promise<void> | null = null;

  constructor(options: PendingWorkOptions) {
    this.#options = options;
  }

  /** Leases at most `limit` of them. @throws if the ledger cannot be read */
  protected abstract claim(limit: number): Promise<readonly Pending[]>;
  /** Completes one. If it rejects, the observation stays pending. */
  protected abstract complete(pending: Pending): Promise<void>;
  /** One could not be completed. */
  protected abstract failed(error: unknown): void;

  /** Aborts when the work must end. */
  protected get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Starts with what a crash left behind. Idempotent. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** Call it when the ledger kept something. Cheap. */
  wake(): void {
    this.#signalled = true;
    this.#wakeUp?.();
  }

  /** Stops asking; unfinished work stays pending. Waits for commits under way. Idempotent. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#wakeUp?.();
    await this.#loop;
    await Promise.all(this.#tasks.values());
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const free = maxHeld - this.#tasks.size;
      this.#signalled = false;
      const claimed = free === 0 ? [] : await this.#claim(free);
      for (const pending of claimed) this.#begin(pending);
      // At `maxHeld` more may wait: it is claimed when a place is free.
      if (claimed.length === 0 || this.#tasks.size >= maxHeld) await this.#pause();
    }
  }

  async #claim(limit: number): Promise<readonly Pending[]> {
    try {
      return await this.claim(limit);
    } catch (error) {
      this.#options.log.warn({ err: error }, 'pending webhooks not readable');
      return [];
    }
  }

  async #pause(): Promise<void> {
    if (this.#signalled || this.#stop.signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(recheckMs, resolve);
    this.#wakeUp = resolve;
    await promise;
    this.#wakeUp = null;
    cancel();
  }

  #begin(pending: Pending): void {
    // Our own lease ran out during the work: the running task finishes it.
    if (this.#tasks.has(pending.id)) return;
    const task = this.complete(pending)
      .catch((error: unknown) => {
        this.failed(error);
        this.#options.log.warn({ err: error }, 'webhook not completed: it stays pending');
      })
      .finally(() => {
        this.#tasks.delete(pending.id);
        if (this.#tasks.size === maxHeld - 1) this.wake();
      });
    this.#tasks.set(pending.id, task);
  }
}
