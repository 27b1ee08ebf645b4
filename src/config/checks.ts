/** Rules over several keys at once, and defaults that depend on other keys. */
import { ManifeedError } from '../errors.ts';
import { parseReference } from '../event/reference.ts';
import { parseRepositoryText } from '../event/repository-pattern.ts';
import { faultsOfHook } from '../source/webhook/checks.ts';
import { configuredPatterns } from './patterns.ts';
import { derivePollIntervals } from './registries.ts';
import type { Problem } from './settings/problems.ts';
import { formatDuration } from './settings/quantities.ts';
import type { Raw, RawObject } from './settings/tree.ts';
import { isLoopback, parseListen } from './settings/values.ts';
import type { Config, RegistryConfig } from './shape.ts';
import { checkTargets } from './targets.ts';

/** Default webhooks of a gateway on loopback: enough for the README's quick start. */
const loopbackWebhooks: readonly RawObject[] = [
  { name: 'publish', kind: 'manifeed', verify: 'none' },
  { name: 'local', kind: 'distribution', verify: 'none' },
];

/** Writes out the defaults that depend on other settings: on the listen address, on an interval. */
export function deriveDefaults(raw: RawObject): RawObject {
  const loopback = isLoopback(parseListen(raw.listen ?? '127.0.0.1:8080')?.host ?? '');
  const derived: Record<string, Raw> = { ...raw };
  if (loopback && raw.access === undefined) derived.access = 'open';
  const isOpen = loopback && derived.access === 'open';
  // Where a proxy brings others and subscribers need tokens, nobody may publish without one.
  const takesAny = isOpen || (loopback && isEmpty(raw.trustProxy));
  if (takesAny && raw.webhooks === undefined) derived.webhooks = loopbackWebhooks;
  if (raw.registries !== undefined) derived.registries = derivePollIntervals(raw.registries);
  const { pace = {}, facade = {} } = raw;
  if (isObject(pace) && !('allowNone' in pace)) derived.pace = { ...pace, allowNone: isOpen };
  if (isObject(facade) && !('enabled' in facade)) derived.facade = { ...facade, enabled: loopback };
  return derived;
}

function isEmpty(list: Raw | undefined): boolean {
  return list === undefined || list === '' || (Array.isArray(list) && list.length === 0);
}

function isObject(value: Raw): value is RawObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Everything that is wrong with a configuration whose single values are right.
 *
 * @param unread sections that are left out of `config`, because a value of theirs is wrong
 */
export function checkConfig(config: Config, raw: RawObject, unread: ReadonlySet<string>): readonly Problem[] {
  const { access, registries } = config;
  const tokens = access.kind === 'tokens' ? access.tokens : [];
  return [
    ...checkAccess(config, raw),
    ...checkWebhooks(config),
    ...checkRegistries(config),
    ...checkLedger(config),
    ...(unread.has('registries') || unread.has('defaultRegistry') ? [] : checkWatches(config)),
    ...repeated('registries', 'host', registries),
    ...checkTargets(config.targets, config.defaultRegistry),
    ...repeated('webhooks', 'name', config.webhooks),
    ...repeated('targets', 'name', config.targets),
    ...repeated('watch', 'repository', config.watch),
    ...repeated('access', 'name', tokens),
    ...repeated('access', 'sha256', tokens, 'the same'),
  ];
}

/** What is wrong with references and patterns whose spelling is right. */
export function checkMeanings(config: Config): readonly Problem[] {
  const { watch, defaultRegistry } = config;
  return [
    ...watch.flatMap(({ repository }, index) => {
      const parameter = `watch[${index}].repository`;
      return problemOf(() => parseReference(repository, { defaultRegistry, parameter }));
    }),
    ...configuredPatterns(config).flatMap(({ parameter, text }) =>
      problemOf(() => parseRepositoryText(text, { defaultRegistry, parameter })),
    ),
  ];
}

/** Turns a refusal by `check` into a problem; empty if it passes. */
function problemOf(check: () => unknown): readonly Problem[] {
  try {
    check();
    return [];
  } catch (error) {
    const path = error instanceof ManifeedError ? error.detail?.parameter : undefined;
    if (path === undefined || !(error instanceof Error)) throw error;
    return [{ path, message: error.message.replace(/^(?:read|parse) /, '').replace(`${path}: `, '') }];
  }
}

/** Beyond loopback, open access must be written out: a forgotten key must not open a gateway to a network. */
function checkAccess(config: Config, raw: RawObject): readonly Problem[] {
  if (isLoopback(config.listen.host) || raw.access !== undefined) return [];
  const rule = 'must be a list of tokens (manifeed token makes one), or be written out as "open"';
  const why = `because listen is ${config.listen.host} and not loopback`;
  return [{ path: 'access', message: `missing: ${rule}, ${why}` }];
}

function checkWebhooks(config: Config): readonly Problem[] {
  return config.webhooks.flatMap((hook, index) =>
    faultsOfHook(hook).map(({ key, message }) => {
      const path = key === null ? `webhooks[${index}]` : `webhooks[${index}].${key}`;
      return { path, message };
    }),
  );
}

function halfCredentials({ username, password }: RegistryConfig, path: string): readonly Problem[] {
  if ((username === undefined) === (password === undefined)) return [];
  const [missing, given] = username === undefined ? ['username', 'password'] : ['password', 'username'];
  return [{ path: `${path}.${missing}`, message: `missing: must be given, because ${given} is` }];
}

function checkRegistries(config: Config): readonly Problem[] {
  return config.registries.flatMap((registry, index) => {
    const path = `registries[${index}]`;
    const problems: Problem[] = [];
    const { minIntervalMs, intervalMs, maxIntervalMs } = registry.poll;
    if (minIntervalMs > intervalMs || intervalMs > maxIntervalMs) {
      problems.push({
        path: `${path}.poll`,
        message: `need minInterval ≤ interval ≤ maxInterval; got ${[minIntervalMs, intervalMs, maxIntervalMs].map(formatDuration).join(', ')}`,
      });
    }
    problems.push(...halfCredentials(registry, path));
    if (registry.plainHttp && (registry.insecureSkipVerify || registry.caFile !== undefined)) {
      problems.push({
        path: `${path}.plainHttp`,
        message: 'true: must be left out, because insecureSkipVerify or caFile is given',
      });
    }
    return problems;
  });
}

/** Of a registry that is not configured nothing is asked, so nobody would ever hear of the repository. */
function checkWatches({ watch, registries, defaultRegistry }: Config): readonly Problem[] {
  const configured = new Set(registries.map(({ host }) => host));
  return watch.flatMap(({ repository }, index) => {
    const parameter = `watch[${index}].repository`;
    const registry = registryOf(repository, defaultRegistry, parameter);
    if (registry === null || configured.has(registry)) return [];
    const rule = `must be in one of registries, because no other is asked: add "host: ${registry}" there`;
    return [{ path: parameter, message: `"${repository}": ${rule}` }];
  });
}

/** Null if it is no reference: `checkMeanings` says why. */
function registryOf(text: string, defaultRegistry: string, parameter: string): string | null {
  try {
    return parseReference(text, { defaultRegistry, parameter }).registry;
  } catch {
    return null;
  }
}

function checkLedger(config: Config): readonly Problem[] {
  const { ledger } = config;
  if (ledger.kind !== 'redis') return [];
  const problems: Problem[] = [];
  if (ledger.sentinels !== undefined && ledger.cluster !== undefined) {
    problems.push({ path: 'ledger', message: 'has sentinels and cluster: must have one of the two' });
  }
  if (ledger.name !== undefined && ledger.sentinels === undefined) {
    problems.push({
      path: 'ledger.name',
      message: `"${ledger.name}": must be left out, because sentinels is not given`,
    });
  }
  return problems;
}

/** @param shown what to show in place of a secret value */
function repeated<Key extends string>(
  list: string,
  key: Key,
  entries: readonly Readonly<Record<Key, string>>[],
  shown?: string,
): readonly Problem[] {
  const values = entries.map((entry) => entry[key]);
  return values.flatMap((value, index) => {
    const first = values.indexOf(value);
    if (first === index) return [];
    const path = `${list}[${index}].${key}`;
    return [{ path, message: `${shown ?? `"${value}"`}: must differ from ${list}[${first}].${key}` }];
  });
}
