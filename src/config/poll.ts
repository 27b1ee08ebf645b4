/** How the three intervals of polling a registry follow from each other where not all of them are given. */
import { isRawObject, type Raw } from './settings/tree.ts';
import { parseDurationMs } from './settings/values.ts';

/** Defaults, as the schema has them. */
const standard = { interval: '60s', minInterval: '15s', maxInterval: '15m' };

/**
 * Writes out the bounds that give way to a given interval, or the interval that gives way to given bounds. What
 * is given stays as it is, right or wrong, and what is no duration gives way to nothing.
 */
export function derivePollIntervals(registries: Raw): Raw {
  if (!Array.isArray(registries)) return registries;
  return registries.map((registry: Raw) =>
    isRawObject(registry) && isRawObject(registry.poll)
      ? { ...registry, poll: derive(registry.poll) }
      : registry,
  );
}

function derive(poll: Readonly<Record<string, Raw>>): Raw {
  const { interval, minInterval, maxInterval } = poll;
  const atLeast = shorter(interval ?? maxInterval, standard.minInterval);
  const atMost = longer(interval ?? minInterval, standard.maxInterval);
  const start = longer(minInterval, shorter(maxInterval, standard.interval));
  return { interval: start, minInterval: atLeast, maxInterval: atMost, ...poll };
}

function shorter(given: Raw | undefined, usual: string): string {
  return msOf(given) < msOf(usual) ? String(given) : usual;
}

function longer(given: Raw | undefined, usual: string): string {
  return msOf(given) > msOf(usual) ? String(given) : usual;
}

/** NaN where it is no duration: neither shorter nor longer than anything. */
function msOf(value: Raw | undefined): number {
  return (typeof value === 'string' ? parseDurationMs(value) : null) ?? Number.NaN;
}
