import type { WireChange } from '../../event/wire-change.ts';
import type { Entry } from './entry.ts';
import type { Failures } from './retries.ts';

/** What goes to the tool as one delivery, and succeeds or fails together. */
export class Batch {
  readonly #entries: Entry[];
  failures: Failures | null = null;
  /** Not before that, monotonic ms. */
  retryAt = 0;

  constructor(entries: readonly Entry[]) {
    this.#entries = [...entries];
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** Attempts so far. */
  get attempts(): number {
    return this.failures?.count ?? 0;
  }

  add(entry: Entry): void {
    this.#entries.push(entry);
  }

  /** Removes entries, and returns them. */
  take(isTaken: (entry: Entry) => boolean): readonly Entry[] {
    const taken = this.#entries.filter(isTaken);
    const left = this.#entries.filter((entry) => !taken.includes(entry));
    this.#entries.splice(0, this.#entries.length, ...left);
    return taken;
  }

  /** The newest entry of each subject, oldest first. */
  newest(): readonly Entry[] {
    const bySubject = new Map<string, Entry>();
    for (const entry of this.#entries) {
      const known = bySubject.get(entry.subject);
      if (known === undefined || known.sequence < entry.sequence) bySubject.set(entry.subject, entry);
    }
    return [...bySubject.values()].sort((a, b) => a.sequence - b.sequence);
  }

  /** As `newest`, for a kind. Null: nothing is left. */
  changes(): readonly [WireChange, ...WireChange[]] | null {
    const [first, ...others] = this.newest().map(({ change }) => change);
    return first === undefined ? null : [first, ...others];
  }
}
