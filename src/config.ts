/**
 * The configuration: one YAML file, the environment and flags become one checked, frozen `Config`. The only
 * reader of `process.env`. It judges values and how they go together; it opens nothing but the files named
 * in it, and knows nothing of what the values are for.
 */
import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { checkConfig, deriveDefaults } from './config-checks.ts';
import { ConfigError, type Problem, problemsOf } from './config-problems.ts';
import { settingsSchema } from './config-schema.ts';
import type { Config, Parsed, RegistryConfig, Resolved, WebhookConfig } from './config-shape.ts';
import { type Environment, gather, type Sources } from './config-sources.ts';
import { fillDefaults, maskSecrets, type RawObject } from './config-tree.ts';
import type { ManifeedError } from './errors.ts';
import { sentenceOf } from './lib/schema-faults.ts';

export { ConfigError } from './config-problems.ts';
export type {
  AccessConfig,
  Config,
  LimitsConfig,
  PaceConfig,
  RegistryConfig,
  WatchConfig,
  WebhookConfig,
} from './config-shape.ts';

/** Everything that is wrong by one rule; the `detail.parameter` of each error is the key's path. */
export type Check = (config: Config) => readonly ManifeedError[];

/** What `loadConfig` reads from; members left out are this process's own. */
export interface LoadOptions {
  /** Flags only: `--config`, `--listen`, `--pace.burst` and so on. Default none. */
  readonly argv?: readonly string[];
  /** Default `process.env`. */
  readonly env?: Environment;
  /** Reads a text file, throwing where it can't. Default: from disk, UTF-8. */
  readonly readFile?: (path: string) => string;
  /** More rules, for what only other parts can judge (references, kinds of hooks). */
  readonly checks?: readonly Check[];
}

/**
 * Reads and checks the configuration.
 *
 * @throws ConfigError with every problem found, each with its key's path
 */
export function loadConfig(options: LoadOptions = {}): Config {
  return readConfig(options).config;
}

/** The resolved settings as YAML in the file's own spelling, defaults written out, secrets as `***`. */
export function printConfig(options: LoadOptions = {}): string {
  const { settings } = readConfig(options);
  return stringify(maskSecrets(fillDefaults(settings) ?? {}), { lineWidth: 0 });
}

/** This process's environment, for `main.ts` to hand to the commands. */
export function processEnvironment(): Environment {
  return process.env;
}

interface ReadConfig {
  readonly config: Config;
  /** In the file's spelling; defaults that do not depend on others are not in it yet. */
  readonly settings: RawObject;
}

function readConfig(options: LoadOptions): ReadConfig {
  const sources: Sources = {
    argv: options.argv ?? [],
    env: options.env ?? processEnvironment(),
    readFile: options.readFile ?? ((path) => readFileSync(path, 'utf8')),
  };
  const { raw, origins } = gather(sources);
  const settings = deriveDefaults(raw);
  const parsed = settingsSchema.safeParse(settings, { error: sentenceOf });
  if (!parsed.success) throw new ConfigError(problemsOf(parsed.error.issues, settings, origins));
  const config = settle(readFiles(settle(parsed.data), sources.readFile));
  const ownProblems = checkConfig(config, raw);
  // Others may rely on what is checked here, so they come only after it.
  const problems =
    ownProblems.length > 0 ? ownProblems : (options.checks ?? []).flatMap((check) => runCheck(check, config));
  if (problems.length > 0) throw new ConfigError(problems);
  return { config, settings };
}

function runCheck(check: Check, config: Config): readonly Problem[] {
  return check(config).map((error) => {
    const path = error.detail?.parameter;
    if (path === undefined) throw error;
    const message = error.message.replace(`read ${path}: `, '').replace(`parse ${path}: `, '');
    return { path, message };
  });
}

/** Freezes and drops members that are undefined, which is what makes the type true. */
function settle<T>(value: T): Resolved<T> {
  if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      if (inner === undefined) Reflect.deleteProperty(value, key);
      else settle(inner);
    }
    Object.freeze(value);
  }
  return value as Resolved<T>;
}

/** Replaces paths by what the files hold, so that nobody else has to read files at the start. */
function readFiles(parsed: Parsed, readFile: (path: string) => string): Config {
  const problems: Problem[] = [];
  const text = (path: string | undefined, key: string): string | null => {
    if (path === undefined) return null;
    try {
      return readFile(path);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      problems.push({ path: key, message: `${JSON.stringify(path)}: must be a readable file: ${reason}` });
      return null;
    }
  };
  const registries = parsed.registries.map((registry, index): RegistryConfig => {
    const ca = text(registry.caFile, `registries[${index}].caFile`);
    const dockerConfigText = text(registry.dockerConfig, `registries[${index}].dockerConfig`);
    return {
      ...registry,
      ...(ca !== null && { ca }),
      ...(dockerConfigText !== null && { dockerConfigText }),
    };
  });
  const webhooks = parsed.webhooks.map((hook, index): WebhookConfig => {
    const certificates = text(hook.certificates, `webhooks[${index}].certificates`);
    return certificates === null ? hook : { ...hook, certificates };
  });
  const { ledger } = parsed;
  const ca = ledger.kind === 'redis' ? text(ledger.caFile, 'ledger.caFile') : null;
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    ...parsed,
    registries,
    webhooks,
    ledger: ledger.kind === 'redis' && ca !== null ? { ...ledger, ca } : ledger,
  };
}
