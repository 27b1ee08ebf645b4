import execution from 'k6/execution';
import type { Settings } from './settings.ts';

/** Time over which subscribers connect evenly, s. To connect all at once is another test. */
const rampS = Number(__ENV.RAMP ?? 10);

/** Wait before the first change, for subscribers to connect, and after the last one, for it to arrive, s. */
const leadS = Number(__ENV.LEAD ?? 10);

/** A virtual user that runs `publishOne` every `everyS`, after the ramp and `leadS`. */
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

/** `vus` virtual users, started evenly over the ramp, that run `exec` until the scenario ends. */
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
    // Subscribers leave by themselves at the end; this is the time to close.
    gracefulStop: '5s',
  } as const;
}

/** From the start of the scenarios to the first change, s. */
export const publishesAfterS = rampS + leadS;

/**
 * Time until the subscribers' scenario ends, ms. k6 would restart a virtual user that ended earlier.
 *
 * @throws outside of a virtual user
 */
export function leftMs(settings: Settings): number {
  const endsAt = execution.scenario.startTime + (rampS + settings.durationS + 2 * leadS) * 1000;
  return Math.max(0, endsAt - Date.now());
}
