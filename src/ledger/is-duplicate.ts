import type { Observation } from '../event/observation.ts';
import type { LedgerClock } from './ledger-clock.ts';

interface Deliveries {
  /** The ledger's stamp when the key was remembered, ms; undefined if it is unknown or too old. */
  deliveredAt(key: string): number | undefined;
}

/** Whether the key was seen within its window, if any. A step of the clock ends windows: they cannot be measured. */
export function isDuplicate(view: Deliveries, observation: Observation, clock: LedgerClock): boolean {
  if (observation.dedupeKey === undefined || observation.dedupeKey === null) return false;
  const deliveredAt = view.deliveredAt(observation.dedupeKey);
  if (deliveredAt === undefined) return false;
  const { dedupeWindowMs } = observation;
  if (dedupeWindowMs === undefined) return true;
  return deliveredAt > clock.steppedAt && clock.stampedAt - deliveredAt < dedupeWindowMs;
}
