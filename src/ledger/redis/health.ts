import type { Clock } from '../../lib/clock.ts';

/** How long a gateway is unready after a record that broke, unless one succeeds before, ms. */
const brokenForMs = 10_000;

/**
 * Remembers that records break although Redis answers, for example at a key of another type: then `/readyz` must not
 * attract pushes. It also ends by time, because an unready gateway receives no pushes that could prove recovery.
 */
export class RecordHealth {
  readonly #clock: Clock;
  #broken: { readonly error: unknown; readonly untilMs: number } | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Runs a record, and repeats it if the script broke half-way. What it had recorded is then unchanged, or a
   * duplicate.
   *
   * @param mend repairs the ledger after a lost key, or throws an error that names another program's key
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

  /** @throws the error of the last record, if it broke recently */
  check(): void {
    if (this.#broken !== null && this.#clock.monotonic() < this.#broken.untilMs) throw this.#broken.error;
  }
}

/** Whether the script stopped half-way (`BROKEN`, see record.lua), not before it began. */
function isBroken(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && cause.message.startsWith('BROKEN');
}
