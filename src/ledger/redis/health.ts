import type { Clock } from '../../lib/clock.ts';

/** How long a gateway is unready after a record that broke, unless one succeeds before, ms. */
const brokenForMs = 10_000;

/**
 * Remembers that records break though Redis answers: a script stopped half-way, for example at a key of another
 * kind. A balancer that went by "Redis answers" would go on sending pushes to be refused.
 *
 * It ends by time too, because an unready gateway gets no pushes by which to find that all is well again.
 */
export class RecordHealth {
  readonly #clock: Clock;
  #broken: { readonly error: unknown; readonly untilMs: number } | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Runs a record, and once more where the script broke half-way: what it had recorded is unchanged, or a duplicate,
   * the second time.
   *
   * @param mend mends the ledger where a key was lost, or throws which key belongs to another program
   */
  async watch(record: () => Promise<unknown>, mend: () => Promise<unknown>): Promise<unknown> {
    try {
      const answer = await record().catch(async (error: unknown) => {
        if (!isBroken(error)) throw error;
        await mend();
        return await record();
      });
      this.#broken = null;
      return answer;
    } catch (error) {
      if (isBroken(error)) this.#broken = { error, untilMs: this.#clock.monotonic() + brokenForMs };
      throw error;
    }
  }

  /** @throws what the last record threw, where it broke and that was not long ago */
  check(): void {
    if (this.#broken !== null && this.#clock.monotonic() < this.#broken.untilMs) throw this.#broken.error;
  }
}

/** Whether the script stopped half-way (`BROKEN`, see record.lua), and not before it began. */
function isBroken(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && cause.message.startsWith('BROKEN');
}
