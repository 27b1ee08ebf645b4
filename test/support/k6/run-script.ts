/** Runs a k6 script's scenarios as k6 does, as far as the scripts of this repository need it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { vi } from 'vitest';
import type { VirtualUser } from './virtual-user.ts';

type Scenario =
  | {
      readonly executor: 'ramping-vus';
      readonly exec: string;
      readonly startVUs: number;
      readonly stages: readonly { readonly duration: string; readonly target: number }[];
      readonly gracefulStop: string;
    }
  | {
      readonly executor: 'constant-arrival-rate';
      readonly exec: string;
      readonly rate: number;
      readonly timeUnit: string;
      readonly startTime: string;
      readonly duration: string;
    };

interface Script {
  readonly options: {
    readonly scenarios: Readonly<Record<string, Scenario>>;
    readonly thresholds: Readonly<Record<string, readonly string[]>>;
  };
  readonly setup?: () => unknown;
  readonly [exec: string]: unknown;
}

export interface Verdict {
  readonly metric: string;
  readonly threshold: string;
  readonly holds: boolean;
}

export interface Run {
  readonly verdicts: readonly Verdict[];
  /** The values of `metric` or `metric{scenario:name}`. */
  samplesOf(selector: string): readonly number[];
}

/**
 * @param name the script's file name without `.ts`
 * @param environment as `k6 run -e` sets it
 */
export async function runScript(name: string, environment: Readonly<Record<string, string>>): Promise<Run> {
  const script = await load(name, environment);
  const users = await import('./virtual-user.ts');
  const { holds, samplesOf } = await import('./metrics.ts');
  const data = script.setup?.();
  await Promise.all(
    Object.entries(script.options.scenarios).map(([scenario, how]) => {
      const exec = functionOf(script, how.exec);
      return runScenario(
        how,
        () => exec(data),
        (stop, startTime) => new users.VirtualUser(scenario, stop, startTime),
      );
    }),
  );
  const verdicts = Object.entries(script.options.thresholds).flatMap(([metric, thresholds]) =>
    thresholds.map((threshold) => ({ metric, threshold, holds: holds(metric, threshold) })),
  );
  return { verdicts, samplesOf };
}

/** The scenarios of a script, without running it. */
export async function scenariosOf(
  name: string,
  environment: Readonly<Record<string, string>>,
): Promise<Script['options']['scenarios']> {
  return (await load(name, environment)).options.scenarios;
}

/** Loads script and stand-ins afresh: scripts read their environment and make their metrics while they load. */
function load(name: string, environment: Readonly<Record<string, string>>): Promise<Script> {
  vi.resetModules();
  Object.assign(globalThis, { __ENV: environment });
  return import(`../../../load-tests/k6/${name}.ts`);
}

function functionOf(script: Script, exec: string): (data: unknown) => unknown {
  const found = script[exec];
  if (typeof found !== 'function')
    throw new Error(`run k6 script: exec ${exec}: must be an exported function`);
  return (data) => found(data);
}

async function runScenario(
  how: Scenario,
  exec: () => unknown,
  userUntil: (stop: AbortSignal, startTime: number) => VirtualUser,
): Promise<void> {
  switch (how.executor) {
    case 'ramping-vus': {
      const startTime = Date.now();
      const totalMs = how.stages.reduce((sum, { duration }) => sum + msOf(duration), 0);
      const isOver = () => Date.now() >= startTime + totalMs;
      const stop = AbortSignal.timeout(totalMs + msOf(how.gracefulStop));
      const run = async (delayMs: number) => {
        await sleep(delayMs);
        const user = userUntil(stop, startTime);
        // As in k6, a virtual user begins another iteration after each, until the last stage is over.
        while (!isOver()) await user.iterate(exec);
      };
      await Promise.all(startsOf(how.startVUs, how.stages).map(run));
      return;
    }
    case 'constant-arrival-rate': {
      await sleep(msOf(how.startTime));
      const stop = AbortSignal.timeout(msOf(how.duration));
      const user = userUntil(stop, Date.now());
      while (!stop.aborted) {
        const next = sleep(msOf(how.timeUnit) / how.rate);
        await user.iterate(exec);
        await next;
      }
      return;
    }
  }
}

/** When each virtual user starts, ms: evenly over each stage. The scripts never ramp down. */
export function startsOf(
  startVUs: number,
  stages: readonly { readonly duration: string; readonly target: number }[],
): readonly number[] {
  const starts = new Array<number>(startVUs).fill(0);
  let stageStartMs = 0;
  for (const { duration, target } of stages) {
    const more = target - starts.length;
    if (more < 0) throw new Error(`ramp to ${target}: from ${starts.length}: must not ramp down`);
    const stageMs = msOf(duration);
    for (let n = 1; n <= more; n++) starts.push(stageStartMs + (stageMs * n) / more);
    stageStartMs += stageMs;
  }
  return starts;
}

/** Parses Go durations as the scripts write them: `2.5s`. */
function msOf(duration: string): number {
  const seconds = /^([\d.]+)s$/.exec(duration)?.[1];
  if (seconds === undefined) throw new Error(`read duration: ${duration}: must be seconds, as in 2.5s`);
  return Math.round(Number(seconds) * 1000);
}
