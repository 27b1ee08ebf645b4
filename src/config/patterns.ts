/** The repository patterns of the configuration, read by the same rules as those of subscriptions. */
import { canonicalGlob, isGlob } from '../event/glob.ts';
import { canonicalRegistry, dockerHub, splitHost } from '../event/reference.ts';
import { parseRepositoryText, type RepositoryTextOptions } from '../event/repository-pattern.ts';
import type { Config, PaceConfig } from './shape.ts';

interface ConfiguredPattern {
  readonly parameter: string;
  readonly text: string;
}

/** All patterns, with the path of each. */
export function configuredPatterns(config: Config): readonly ConfiguredPattern[] {
  return [...accessPatterns(config), ...pacePatterns(config.pace)];
}

/** The pace section with canonical patterns, ready to be matched with repository keys. */
export function canonicalPace(config: Config): PaceConfig {
  const { pace, defaultRegistry } = config;
  const canonical = (text: string) => parseRepositoryText(text, { defaultRegistry }).canonical;
  return {
    ...pace,
    priority: pace.priority.map(canonical),
    exceptions: pace.exceptions.map((rule) => ({ ...rule, pattern: canonical(rule.pattern) })),
  };
}

/** Logs each `access` pattern whose meaning changed when a first segment of `*` came to match any host. */
export function warnOfWiderAccess(
  config: Config,
  log: { warn(fields: object, message: string): void },
): void {
  for (const { parameter, text } of accessPatterns(config)) {
    const changed = changedMeaning(text, { defaultRegistry: config.defaultRegistry, parameter });
    if (changed === null) continue;
    const { now, before } = changed;
    log.warn(
      { setting: parameter, pattern: text, now, before },
      `${parameter}: ${JSON.stringify(text)} now grants "${now}"; earlier versions granted "${before}": write that if it is all that you mean`,
    );
  }
}

function accessPatterns({ access }: Config): readonly ConfiguredPattern[] {
  if (access.kind !== 'tokens') return [];
  return access.tokens.flatMap((token, index) =>
    token.repositories.map((text, at) => ({ parameter: `access[${index}].repositories[${at}]`, text })),
  );
}

function pacePatterns(pace: PaceConfig): readonly ConfiguredPattern[] {
  return [
    ...pace.priority.map((text, at) => ({ parameter: `pace.priority[${at}]`, text })),
    ...pace.exceptions.map(({ pattern }, at) => ({
      parameter: `pace.rules[${at}].repository`,
      text: pattern,
    })),
  ];
}

/**
 * What a pattern means now, and what it meant when a first segment of `*` was a name in the default registry.
 *
 * @returns null if the meaning is the same
 * @throws PARAMETER_INVALID if the pattern is no longer accepted
 */
export function changedMeaning(
  text: string,
  options: RepositoryTextOptions,
): { readonly now: string; readonly before: string } | null {
  const now = parseRepositoryText(text, options).canonical;
  if (!isGlob(text)) return null;
  const before = formerMeaning(text, options.defaultRegistry);
  return now === before ? null : { now, before };
}

function formerMeaning(text: string, defaultRegistry: string): string {
  const canonical = canonicalGlob(text);
  if (canonical.split('/', 1)[0]?.includes('**')) return canonical;
  const { registry, name } = splitHost(canonical, defaultRegistry);
  const host = isGlob(registry) ? registry.toLowerCase() : (canonicalRegistry(registry) ?? registry);
  const inLibrary = host === dockerHub && !name.includes('/') && !name.includes('**');
  return `${host}/${inLibrary ? `library/${name}` : name}`;
}
