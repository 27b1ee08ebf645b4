/** Reads one delivery by its kind alone, without verification, and lists what it says. */
import { ManifeedError } from '../../src/errors.ts';
import { Collector, type Normalised } from '../../src/source/webhook/collector.ts';
import type { Delivery, HookOptions, Steps } from '../../src/source/webhook/kind.ts';
import { kindOf } from '../../src/source/webhook/kinds.ts';

export const digest = `sha256:${'a'.repeat(64)}`;

/** Does all the work without a pause. */
export function doAtOnce<Result>(steps: Steps<Result>): Result {
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}

/** What the hook's kind makes of a delivery. */
export function readDelivery(delivery: Delivery, hook: HookOptions): Normalised {
  const kind = kindOf(hook);
  const collector = new Collector(hook, kind);
  const steps = kind.read(delivery, collector, hook);
  if (steps !== undefined) doAtOnce(steps);
  return collector.result();
}

export function read(
  kind: string,
  given: unknown,
  options: { hook?: Partial<HookOptions>; headers?: Record<string, string> } = {},
): Normalised {
  const json: unknown = JSON.parse(JSON.stringify(given));
  const body = Buffer.from(JSON.stringify(json));
  const hook: HookOptions = { name: 'h', kind, verify: 'none', ...options.hook };
  return readDelivery({ body, json, headers: options.headers ?? {} }, hook);
}

export function lines(said: Normalised): string[] {
  const rows = [...said.observations, ...said.incomplete].map((row) => {
    const tag = 'tag' in row ? `:${row.tag}` : '';
    const at = 'digest' in row && row.digest !== null ? `@${row.digest.slice(7, 11)}` : '';
    return `${row.kind} ${row.registry}/${row.repository}${tag}${at}`;
  });
  return [...rows, ...said.ignored.map(({ reason, count }) => `ignored ${reason} ${count}`)];
}

/** The parameter or code of the error that `run` throws. */
export const refusal = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    if (error instanceof ManifeedError) return error.detail?.parameter ?? error.code;
    throw error;
  }
  return 'taken';
};
