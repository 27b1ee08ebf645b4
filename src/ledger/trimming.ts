import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Ledger } from './ledger.ts';

const trimIntervalMs = 30_000;

/** Trims the ledger regularly. A failure is logged and tried again. Returns an idempotent stop. */
export function keepTrimmed(ledger: Ledger, clock: Clock, log: Log): () => void {
  let stopped = false;
  let cancel = clock.after(trimIntervalMs, turn);
  function turn(): void {
    ledger
      .trim()
      .catch((error: unknown) =>
        log.warn({ error: String(error) }, 'trim ledger: failed: will be tried again'),
      )
      .finally(() => {
        if (!stopped) cancel = clock.after(trimIntervalMs, turn);
      });
  }
  return () => {
    stopped = true;
    cancel();
  };
}
