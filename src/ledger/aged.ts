import type { Observation } from '../event/observation.ts';

/** Adds the time waited for the commit to the ages of looks. Pushes have no age. */
export function aged(observations: readonly Observation[], waitedMs: number): readonly Observation[] {
  if (waitedMs < 1 || !observations.some(({ looked }) => looked === true)) return observations;
  return observations.map((one) =>
    one.looked === true ? { ...one, ageMs: (one.ageMs ?? 0) + waitedMs } : one,
  );
}
