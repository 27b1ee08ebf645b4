/** Looks up tags that nobody asked for before, for an answer about many: a few at a time, as long as there is time. */
import { repositoryKey } from '../event/reference.ts';
import type { TagName } from '../ledger/queries.ts';
import type { Clock } from '../lib/clock.ts';
import { within } from '../lib/deadline.ts';
import type { Tags } from './tags.ts';
import { newTally } from './tally.ts';

/** Questions of one request under way at once. */
const atOnce = 8;
/** How long one request waits for all of them, ms; answers that come later are still recorded. */
export const lookUpTimeoutMs = 5_000;

/** Has the ledger record what the registries say. Callers then read the ledger again: a refusal leaves it as it was. */
export class LookUps {
  readonly #tags: Pick<Tags, 'resolve'>;
  readonly #clock: Clock;

  constructor(tags: Pick<Tags, 'resolve'>, clock: Clock) {
    this.#tags = tags;
    this.#clock = clock;
  }

  async lookUp(names: readonly TagName[]): Promise<void> {
    const timing = { clock: this.#clock, timeoutMs: lookUpTimeoutMs };
    await within(
      timing,
      (signal) => this.#askAll(names, signal),
      () => undefined,
    );
  }

  async #askAll(names: readonly TagName[], signal: AbortSignal): Promise<void> {
    const rest = names.values();
    const askOn = async () => {
      // All of them take from the same iterator.
      for (const { tag, ...repository } of rest) {
        if (signal.aborted) return;
        const named = { repository, name: repositoryKey(repository) };
        await this.#tags.resolve(named, tag, newTally()).catch(() => {});
      }
    };
    await Promise.all(Array.from({ length: atOnce }, askOn));
  }
}
