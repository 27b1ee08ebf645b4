/** Scenarios that several scripts have. */
import execution from 'k6/execution';
import type { Settings } from './settings.ts';

/** Time over which subscribers connect, evenly, s: without it all connect at once, which is another test. */
export const rampS = Number(__ENV.RAMP ?? 10);

/** Time for subscribers to connect before the first change, and for the last change to arrive, s. */
export const leadS = Number(__ENV.LEAD ?? 10);

/** One virtual user that publishes a change every `everyS`, after the ramp and `leadS`, by the script's `publishOne`. */
export function publisher(settings: Settings) {
  return {
    executor: 'constant-arrival-rate',
    exec: 'publishOne',
    rate: 1,
    timeUnit: `${settings.everyS}s`,
    startTime: `${publishesAfterS}s`,
    duration: `${settings.durationS}s`,
    preAllocatedVUs: 1,
    maxVUs: 1,
  } as const;
}

/** `vus` virtual users, one more after another over the ramp, that run `exec` until the end of the scenario. */
export function subscribers(settings: Settings, exec: string, vus: number) {
  return {
    executor: 'ramping-vus',
    exec,
    startVUs: 0,
    stages: [
      { duration: `${rampS}s`, target: vus },
      { duration: `${settings.durationS + 2 * leadS}s`, target: vus },
    ],
    gracefulRampDown: '0s',
    // Subscribers close by themselves at the end; this is for closing.
    gracefulStop: '5s',
  } as const;
}

/** From the start of the scenarios to the first change, s. */
export const publishesAfterS = rampS + leadS;

/**
 * Until the subscribers' scenario ends, ms. A virtual user that ended earlier would be started again.
 *
 * @throws outside of a virtual user
 */
export function leftMs(settings: Settings): number {
  const endsAt = execution.scenario.startTime + (rampS + settings.durationS + 2 * leadS) * 1000;
  return Math.max(0, endsAt - Date.now());
}
