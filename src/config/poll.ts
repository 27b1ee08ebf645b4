/** Derives the polling intervals of a registry that are not given from those that are. */
import { isRawObject, type Raw } from './settings/tree.ts';
import { parseDurationMs } from './settings/values.ts';

/** The schema's defaults. */
export const standardIntervals = { interval: '60s', minInterval: '15s', maxInterval: '15m' };

/** Adjusts absent bounds to a given interval, or the reverse. Given values stay, even wrong ones. */
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
  const atLeast = shorter(interval ?? maxInterval, standardIntervals.minInterval);
  const atMost = longer(interval ?? minInterval, standardIntervals.maxInterval);
  const start = longer(minInterval, shorter(maxInterval, standardIntervals.interval));
  return { interval: start, minInterval: atLeast, maxInterval: atMost, ...poll };
}

function shorter(given: Raw | undefined, usual: string): string {
  return msOf(given) < msOf(usual) ? String(given) : usual;
}

function longer(given: Raw | undefined, usual: string): string {
  return msOf(given) > msOf(usual) ? String(given) : usual;
}

/** NaN if it is no duration: neither shorter nor longer than anything. */
function msOf(value: Raw | undefined): number {
  return (typeof value === 'string' ? parseDurationMs(value) : null) ?? Number.NaN;
}
