/** Scenarios that several scripts have. */
import type { Settings } from './settings.ts';

/** Time for subscribers to connect before the first change, and for the last change to arrive, s. */
export const leadS = Number(__ENV.LEAD ?? 10);

/** One virtual user that publishes a change every `everyS`, after `leadS`, by the script's `publishOne`. */
export function publisher(settings: Settings) {
  return {
    executor: 'constant-arrival-rate',
    exec: 'publishOne',
    rate: 1,
    timeUnit: `${settings.everyS}s`,
    startTime: `${leadS}s`,
    duration: `${settings.durationS}s`,
    preAllocatedVUs: 1,
    maxVUs: 1,
  } as const;
}

/** `vus` virtual users that run `exec` once, for the publisher's whole time and a lead on either side. */
export function subscribers(settings: Settings, exec: string, vus: number) {
  return {
    executor: 'per-vu-iterations',
    exec,
    vus,
    iterations: 1,
    maxDuration: `${stayS(settings) + leadS}s`,
    gracefulStop: '5s',
  } as const;
}

/** How long a subscriber stays connected, s. */
export function stayS(settings: Settings): number {
  return settings.durationS + 2 * leadS;
}
