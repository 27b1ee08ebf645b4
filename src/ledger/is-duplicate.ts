import type { Observation } from '../event/observation.ts';
import type { LedgerClock } from './ledger-clock.ts';

interface Deliveries {
  /** The ledger's stamp when the key was remembered, ms; undefined when it is not, or too long ago. */
  deliveredAt(key: string): number | undefined;
}

/**
 * Whether a delivery with the observation's key was recorded before, within its window if it has one. A window
 * that began before the clock stepped cannot be measured, so it is over.
 */
export function isDuplicate(view: Deliveries, observation: Observation, clock: LedgerClock): boolean {
  if (observation.dedupeKey === undefined || observation.dedupeKey === null) return false;
  const deliveredAt = view.deliveredAt(observation.dedupeKey);
  if (deliveredAt === undefined) return false;
  const { dedupeWindowMs } = observation;
  if (dedupeWindowMs === undefined) return true;
  return deliveredAt > clock.steppedAt && clock.stampedAt - deliveredAt < dedupeWindowMs;
}
