import type { Change } from '../../src/event/change.ts';
import type { Observation } from '../../src/event/observation.ts';
import type { TailEvent } from '../../src/ledger/ledger.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { digestOf, where } from '../support/ledger-samples.ts';
import type { ContractOptions, Opened, OpenLedger, TestedLedger } from './ledger.ts';

export const minuteMs = 60_000;
export const retention = { maxChanges: 1_000, maxAgeMs: 60 * minuteMs };
/** Lowered, so that the suite can overflow them; every implementation must honour these four. */
export const limits = { maxPending: 4, maxDeliveryKeys: 5, maxScopesPerRepository: 3, maxScanned: 20 };
export const repository = `${where.registry}/${where.repository}`;
/** The fake clock's time when the ledger opens. */
export const t = Date.UTC(2026, 0, 1);

/** The ledger under test, its clock, and what most tests do with them. */
export class World<L extends TestedLedger = TestedLedger> {
  clock: FakeClock = fakeClock(t);
  readonly #open: OpenLedger<L>;
  #opened: Opened<L> | null = null;
  #ledger: L | null = null;

  constructor(open: OpenLedger<L>) {
    this.#open = open;
  }

  get ledger(): L {
    if (this.#ledger === null)
      throw new Error('use the ledger: it is not open: must be opened before each test');
    return this.#ledger;
  }

  /** Closes what is open and opens a new ledger. */
  async begin(more: Partial<ContractOptions> = {}): Promise<void> {
    await this.end();
    this.clock = fakeClock(t);
    this.#opened = await this.openOther(more);
    this.#ledger = this.#opened.ledger;
  }

  /** A second ledger, which the caller closes. */
  openOther(more: Partial<ContractOptions> = {}): Promise<Opened<L>> {
    return this.#open({ clock: this.clock, random: Math.random, retention, limits, ...more });
  }

  /** Closes the ledger and opens what it stored. */
  async reopen(): Promise<void> {
    const reopen = this.#opened?.reopen;
    if (reopen === undefined) throw new Error('open the ledger again: no reopen was given');
    this.#ledger = await reopen();
  }

  async end(): Promise<void> {
    await this.#opened?.close();
    this.#opened = null;
    this.#ledger = null;
  }

  /** Records and gives, for each observation, its outcome; then each change as `type tag word←word`. */
  readonly record = async (...observations: Observation[]): Promise<string[]> => {
    const { outcomes, changes } = await this.ledger.record(observations);
    return [...outcomes, ...changes.map(brief)];
  };

  /** The time so many minutes after the ledger opened. */
  readonly minutes = (count: number): number => t + count * minuteMs;

  readonly later = (minutes: number): void => this.clock.advance(minutes * minuteMs);

  /** Present tags as `tag word`. */
  readonly tagsNow = async (): Promise<string[]> => {
    const { tags } = await this.ledger.listTags({ limit: 1_000 });
    return tags.map((row) => `${row.tag} ${word(row.digest)}`);
  };
}

const words = new Map(
  [
    'zero',
    'one',
    'two',
    'three',
    'four',
    'again',
    'bare',
    ...Array.from({ length: 10 }, (_, i) => `w${i}`),
  ].map((name) => [digestOf(name) as string, name]),
);

export function word(digest: string | null): string {
  return digest === null ? '' : (words.get(digest) ?? digest);
}

export function brief(change: Change): string {
  return `${change.type} ${change.tag ?? '-'} ${word(change.digest)}←${word(change.previousDigest)}`;
}

export function changesOf(event: TailEvent): readonly Change[] {
  return event.kind === 'changes' ? event.changes : [];
}

/** The present tags that the changes add up to, as `tag word`. */
export function fold(changes: readonly Change[]): string[] {
  const tags = new Map<string, string>();
  for (const change of changes) {
    if (change.tag === null) continue;
    if (change.type === 'tag.deleted') tags.delete(change.tag);
    else tags.set(change.tag, `${change.tag} ${word(change.digest)}`);
  }
  return [...tags.values()].sort();
}

/** Awaits a fact that an event brings about: looked at again after each turn of the event loop. */
export async function until(fact: () => boolean): Promise<void> {
  while (!fact()) await new Promise((resolve) => setImmediate(resolve));
}
