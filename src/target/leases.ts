/** Which of the configured targets this gateway serves: claims leases, renews them, gives them back. */
import type { HeldTarget, Lease, TargetCursors, TargetWish } from '../ledger/cursors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { RareLog } from '../lib/rare-log.ts';

/** A lease ends so long after it was last renewed. */
const leaseMs = 6_000;
/** Two renewals may fail. When a gateway dies, another one goes on after both times together at the latest. */
const renewEveryMs = 2_000;

interface LeasesParts {
  readonly cursors: Pick<TargetCursors, 'claimTargets' | 'renewTargets' | 'releaseTargets'>;
  /** All configured targets. */
  readonly names: readonly string[];
  /** Names this process. */
  readonly holder: string;
  readonly clock: Clock;
  readonly log: Log;
  /**
   * Resolves once it is served here; until then the next one waits.
   *
   * @param isLost the ledger knew the name, and has lost all that it had of it, as a Redis that was emptied
   */
  readonly onClaimed: (held: HeldTarget, isLost: boolean) => Promise<void>;
  readonly onRenewed: (name: string, wish: TargetWish) => void;
  /** Another gateway has it, or may have it. Resolves once nothing of it is under way here; until then it is not claimed. */
  readonly onLost: (name: string) => Promise<void>;
}

interface Held extends Lease {
  /** Until then it is certainly ours, monotonic ms. */
  readonly until: number;
}

export class Leases {
  readonly #parts: LeasesParts;
  readonly #log: RareLog;
  readonly #held = new Map<string, Held>();
  readonly #leaving = new Set<string>();
  /** Lost, and something of it is still under way here. */
  readonly #ending = new Set<string>();
  readonly #stop = new AbortController();
  #wake = new AbortController();
  #running: Promise<void> | null = null;
  /** After a claim the ledger knows all names: they are ours or another gateway's. */
  #hasClaimed = false;

  constructor(parts: LeasesParts) {
    this.#parts = parts;
    this.#log = new RareLog(parts.log, parts.clock);
  }

  /** Claims at once, and goes on until `close`. Resolves after the first claim, whether it succeeded or not. */
  async start(): Promise<void> {
    if (this.#parts.names.length === 0) return;
    await this.#turn();
    this.#running = this.#run();
  }

  /** Renews now: there may be a new wish. */
  hurry(): void {
    this.#wake.abort();
  }

  /** Whether the lease is certainly ours. */
  isSure(name: string): boolean {
    return (this.#held.get(name)?.until ?? 0) > this.#parts.clock.monotonic();
  }

  leaseOf(name: string): Lease | null {
    return this.#held.get(name) ?? null;
  }

  /** A save was refused: another gateway has claimed it. */
  lost(name: string): void {
    if (!this.#held.delete(name)) return;
    this.#ending.add(name);
    void this.#parts.onLost(name).finally(() => this.#ending.delete(name));
  }

  /** Claims none of these again. */
  leave(name: string): void {
    this.#leaving.add(name);
  }

  /** Gives one lease back, so that another gateway need not wait. */
  async release(name: string): Promise<void> {
    const lease = this.#held.get(name);
    this.#held.delete(name);
    if (lease === undefined) return;
    try {
      await this.#parts.cursors.releaseTargets([lease]);
    } catch (error) {
      this.#log.warn('release', { target: name, error: String(error) }, 'release target: failed');
    }
  }

  /** Claims and renews no more; leases stay until `release` or their end. Idempotent. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.hurry();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#parts.clock.sleep(renewEveryMs, this.#wake.signal);
      if (this.#wake.signal.aborted) this.#wake = new AbortController();
      if (!this.#stop.signal.aborted) await this.#turn();
    }
  }

  async #turn(): Promise<void> {
    try {
      await this.#renew();
      await this.#claim();
    } catch (error) {
      // Nothing is started any more once the leases are over; they may still be ours when the ledger is back.
      this.#log.warn('lease', { error: String(error) }, 'lease targets: failed: trying again');
    }
  }

  async #renew(): Promise<void> {
    const { cursors, clock, onRenewed } = this.#parts;
    const held = [...this.#held.values()];
    if (held.length === 0) return;
    const until = clock.monotonic() + leaseMs;
    const renewed = new Map((await cursors.renewTargets(held, leaseMs)).map((row) => [row.name, row.wish]));
    for (const { name, fence } of held) {
      // It may have been released or claimed anew meanwhile.
      if (this.#held.get(name)?.fence !== fence) continue;
      const wish = renewed.get(name);
      if (wish === undefined) this.lost(name);
      else {
        this.#held.set(name, { name, fence, until });
        onRenewed(name, wish);
      }
    }
  }

  async #claim(): Promise<void> {
    const { cursors, clock, names, holder, onClaimed } = this.#parts;
    const isBusy = (name: string) =>
      this.#held.has(name) || this.#leaving.has(name) || this.#ending.has(name);
    const wanted = names.filter((name) => !isBusy(name));
    if (wanted.length === 0 || this.#stop.signal.aborted) return;
    const until = clock.monotonic() + leaseMs;
    const claimed = await cursors.claimTargets(wanted, holder, leaseMs);
    const wereKnown = this.#hasClaimed;
    this.#hasClaimed = true;
    for (const held of claimed) {
      const { name, fence } = held;
      this.#held.set(name, { name, fence, until });
      // The gateway may have begun to end while the ledger was asked.
      if (this.#leaving.has(name)) await this.release(name);
      else await onClaimed(held, held.isNew && wereKnown);
    }
  }
}
