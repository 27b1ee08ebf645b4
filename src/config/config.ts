/** Turns one YAML file, the environment and flags into one checked, frozen `Config`, with the files that it names. */
import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import type { z } from 'zod';
import { holdsCertificates } from '../lib/certificates.ts';
import { readFault } from '../lib/read-fault.ts';
import { sentenceOf } from '../lib/schema-faults.ts';
import { checkConfig, checkMeanings, deriveDefaults } from './checks.ts';
import { processEnvironment } from './environment.ts';
import { settingsSchema, settings as tree } from './schema.ts';
import type { PlacedVariables } from './settings/placed-variables.ts';
import { ConfigError, type Problem, problemsOf } from './settings/problems.ts';
import { maskSecrets } from './settings/secrets.ts';
import { type Environment, gather, type Sources } from './settings/sources.ts';
import type { RawObject } from './settings/tree.ts';
import { maxShownPath } from './settings/yaml.ts';
import type { Config, Parsed, RegistryConfig, Resolved, TargetConfig, WebhookConfig } from './shape.ts';

/** Where a configuration comes from. */
export interface LoadOptions {
  /** Flags only: `--config`, `--listen`, `--pace.burst` and so on. Default none. */
  readonly argv?: readonly string[];
  /** Default `process.env`. */
  readonly env?: Environment;
  /** Reads a text file; throws if it cannot. Default: from disk, as UTF-8. */
  readonly readFile?: (path: string) => string;
}

/** @throws ConfigError with every problem found, each with its key's path */
export function loadConfig(options: LoadOptions = {}): Config {
  return readConfig(options).config;
}

/** The resolved settings as YAML, spelled as in the file, with defaults written out and secrets as `***`. */
export function printConfig(options: LoadOptions = {}): string {
  const { settings, placed } = readConfig(options);
  const shown = maskSecrets(tree, tree.fillDefaults(settings) ?? {}, [], placed);
  return stringify(shown, { lineWidth: 0 });
}

interface ReadConfig {
  readonly config: Config;
  /** Spelled as in the file, without the defaults that depend on other keys. */
  readonly settings: RawObject;
  readonly placed: PlacedVariables;
}

function readConfig(options: LoadOptions): ReadConfig {
  const sources: Sources = {
    settings: tree,
    argv: options.argv ?? [],
    env: options.env ?? processEnvironment(),
    readFile: options.readFile ?? ((path) => readFileSync(path, 'utf8')),
  };
  const { raw, origins, placed, problems } = gather(sources);
  const settings = deriveDefaults(raw);
  const parsed = settingsSchema.safeParse(settings, { error: sentenceOf });
  if (parsed.success) {
    const { config, problems: others } = judge(settle(parsed.data), raw, sources.readFile, new Set());
    if (problems.length + others.length > 0) throw new ConfigError([...problems, ...others]);
    return { config: withVariables(config, placed), settings, placed };
  }
  const known = new Set(problems.map((problem) => problem.path));
  const faulty = problemsOf(parsed.error.issues, { settings: tree, raw: settings, origins }).filter(
    ({ path }) => !known.has(path),
  );
  const sections = new Set(parsed.error.issues.flatMap(sectionsOf));
  const rest = problemsBeside(sections, raw, sources.readFile);
  throw new ConfigError([...problems, ...faulty, ...rest]);
}

/** Each target with what variables put into it. */
function withVariables(config: Config, placed: PlacedVariables): Config {
  const targets = config.targets.map((target, index): TargetConfig => {
    const fromVariables = placed.secretsWithin(tree, ['targets', index]);
    return fromVariables.length === 0 ? target : { ...target, fromVariables };
  });
  return Object.freeze({ ...config, targets: Object.freeze(targets) });
}

function sectionsOf(issue: z.core.$ZodIssue): readonly string[] {
  const [first] = issue.path;
  if (first !== undefined) return [String(first)];
  return issue.code === 'unrecognized_keys' ? issue.keys : [];
}

/** Problems in the sections whose single values are right, so that one start reports every fault. */
function problemsBeside(
  sections: ReadonlySet<string>,
  raw: RawObject,
  readFile: ReadText,
): readonly Problem[] {
  const right = Object.fromEntries(Object.entries(raw).filter(([key]) => !sections.has(key)));
  const parsed = settingsSchema.safeParse(deriveDefaults(right), { error: sentenceOf });
  if (!parsed.success) return [];
  const { problems } = judge(settle(parsed.data), right, readFile, sections);
  return problems.filter(({ path }) => !sections.has(/^[^.[]+/.exec(path)?.[0] ?? ''));
}

/**
 * Problems in values that fit the schema: files, how values go together, what other parts know.
 *
 * @param unread sections that are left out of `parsed`
 */
function judge(
  parsed: Parsed,
  raw: RawObject,
  readFile: ReadText,
  unread: ReadonlySet<string>,
): { readonly config: Config; readonly problems: readonly Problem[] } {
  const files = readFiles(parsed, readFile);
  const config = settle(files.config);
  const unreadable = new Set(files.problems.map(({ path }) => path));
  const checked = checkConfig(config, raw, unread).filter(({ path }) => !unreadable.has(path));
  const own = [...files.problems, ...checked];
  const told = new Set(own.map((problem) => section(problem.path)));
  // An entry that is already wrong is not checked for its meaning.
  const meant = checkMeanings(config);
  return { config, problems: [...own, ...meant.filter((problem) => !told.has(section(problem.path)))] };
}

/** `webhooks[0].name` → `webhooks[0]`; `pace.priority[1]` → `pace` */
function section(path: string): string {
  return /^[^.[]+(?:\[[0-9]+\])?/.exec(path)?.[0] ?? path;
}

/** Freezes the value, and drops members that are undefined, as the type `Resolved` promises. */
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

type ReadText = (path: string) => string;

/** Replaces paths by the contents of the files, so that no other part reads files at the start. */
function readFiles(
  parsed: Parsed,
  readFile: ReadText,
): { readonly config: Config; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const text = (path: string | undefined, key: string): string | null => {
    if (path === undefined) return null;
    try {
      return readFile(path);
    } catch (error) {
      // Instead of a path, the value may be the file's content: a key or a password. Do not quote that.
      const shown = path.length > maxShownPath || /[\n{]/.test(path) ? 'no path' : JSON.stringify(path);
      problems.push({ path: key, message: `${shown}: must be a readable file: ${readFault(error)}` });
      return null;
    }
  };
  const authorities = (path: string | undefined, key: string): string | null => {
    const pem = text(path, key);
    if (pem === null || holdsCertificates(pem)) return pem;
    problems.push({ path: key, message: 'no readable certificate in it: must be a PEM file' });
    return null;
  };
  const registries = parsed.registries.map((registry, index): RegistryConfig => {
    const ca = authorities(registry.caFile, `registries[${index}].caFile`);
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
  const targets = parsed.targets.map((target, index): TargetConfig => {
    const ca = authorities(target.caFile, `targets[${index}].caFile`);
    return ca === null ? target : { ...target, ca };
  });
  const { ledger } = parsed;
  const ca = ledger.kind === 'redis' ? authorities(ledger.caFile, 'ledger.caFile') : null;
  const config = {
    ...parsed,
    registries,
    webhooks,
    targets,
    ledger: ledger.kind === 'redis' && ca !== null ? { ...ledger, ca } : ledger,
  };
  return { config, problems };
}
