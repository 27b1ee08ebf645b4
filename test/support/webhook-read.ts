/** Reads one delivery by its kind alone, without verification, and lists what it says. */
import { ManifeedError } from '../../src/errors.ts';
import type { HookOptions, Normalised } from '../../src/source/webhook/kind.ts';
import { kinds } from '../../src/source/webhook/kinds.ts';
import { doAtOnce, isSteps } from '../../src/source/webhook/payload/steps.ts';

export const digest = `sha256:${'a'.repeat(64)}`;

export function read(
  kind: string,
  given: unknown,
  options: { hook?: Partial<HookOptions>; headers?: Record<string, string> } = {},
): Normalised {
  const json: unknown = JSON.parse(JSON.stringify(given));
  const found = kinds.get(kind);
  if (found === undefined) throw new Error(kind);
  const body = Buffer.from(JSON.stringify(json));
  const hook: HookOptions = { name: 'h', kind, verify: 'none', ...options.hook };
  const said = found.normalise({ body, json, headers: options.headers ?? {} }, hook);
  return isSteps(said) ? doAtOnce(said) : said;
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
