/** Runs a k6 script's scenarios as k6 would, as far as the scripts of this repository use them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { vi } from 'vitest';
import type { VirtualUser } from './virtual-user.ts';

type Scenario =
  | {
      readonly executor: 'per-vu-iterations';
      readonly exec: string;
      readonly vus: number;
      readonly iterations: number;
      readonly maxDuration: string;
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
  /** How each threshold of the script was met. */
  readonly verdicts: readonly Verdict[];
  /** The values of `metric` or `metric{scenario:name}`. */
  samplesOf(selector: string): readonly number[];
}

/**
 * @param name the script's file name without `.ts`
 * @param environment what `k6 run -e` would give
 */
export async function runScript(name: string, environment: Readonly<Record<string, string>>): Promise<Run> {
  // Scripts read their environment and make their metrics when they are loaded: everything is loaded afresh,
  // the stand-ins with it, so that both see one another.
  vi.resetModules();
  Object.assign(globalThis, { __ENV: environment });
  const script: Script = await import(`../../../load-tests/k6/${name}.ts`);
  const users = await import('./virtual-user.ts');
  const { holds, samplesOf } = await import('./metrics.ts');
  const data = script.setup?.();
  await Promise.all(
    Object.entries(script.options.scenarios).map(([scenario, how]) => {
      const exec = functionOf(script, how.exec);
      return runScenario(
        how,
        () => exec(data),
        (stop) => new users.VirtualUser(scenario, stop),
      );
    }),
  );
  const verdicts = Object.entries(script.options.thresholds).flatMap(([metric, thresholds]) =>
    thresholds.map((threshold) => ({ metric, threshold, holds: holds(metric, threshold) })),
  );
  return { verdicts, samplesOf };
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
  userUntil: (stop: AbortSignal) => VirtualUser,
): Promise<void> {
  switch (how.executor) {
    case 'per-vu-iterations': {
      const stop = AbortSignal.timeout(msOf(how.maxDuration));
      await Promise.all(
        Array.from({ length: how.vus }, async () => {
          const user = userUntil(stop);
          for (let i = 0; i < how.iterations && !stop.aborted; i++) await user.iterate(exec);
        }),
      );
      return;
    }
    case 'constant-arrival-rate': {
      await sleep(msOf(how.startTime));
      const stop = AbortSignal.timeout(msOf(how.duration));
      const user = userUntil(stop);
      while (!stop.aborted) {
        const next = sleep(msOf(how.timeUnit) / how.rate);
        await user.iterate(exec);
        await next;
      }
      return;
    }
  }
}

/** Go durations as the scripts write them: `2.5s`. */
function msOf(duration: string): number {
  const seconds = /^([\d.]+)s$/.exec(duration)?.[1];
  if (seconds === undefined) throw new Error(`read duration: ${duration}: must be seconds, as in 2.5s`);
  return Math.round(Number(seconds) * 1000);
}
