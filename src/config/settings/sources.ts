/** Merges the sources: flags override variables, which override the file. Judges only names and `${VAR}`s. */
import { assign, nestDottedKeys } from './dotted.ts';
import { suggest } from './nearest.ts';
import { PlacedVariables } from './placed-variables.ts';
import { ConfigError, formatPath, type Problem } from './problems.ts';
import { mask } from './secrets.ts';
import { isRawObject, type Path, type Raw, type RawObject, type Setting, type SettingsTree } from './tree.ts';
import { parseYaml, readText } from './yaml.ts';

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where settings come from. */
export interface Sources {
  readonly settings: SettingsTree;
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly readFile: (path: string) => string;
}

interface Gathered {
  readonly raw: RawObject;
  /** Path joined by `.` → the flag or variable that set it. */
  readonly origins: ReadonlyMap<string, string>;
  readonly placed: PlacedVariables;
  readonly problems: readonly Problem[];
}

interface Flags {
  readonly config: string | null;
  readonly values: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
}

/** Merges all sources into one raw tree. @throws ConfigError if the file cannot be read or is not YAML */
export function gather(sources: Sources): Gathered {
  const { settings } = sources;
  const scalars = settings.list().filter((setting) => setting.env !== null);
  const flags = parseFlags(sources.argv, scalars, listsOf(settings));
  const path = flags.config ?? sources.env[configVariable(settings)] ?? null;
  const file = path === null ? noFile : readTree(path, sources, flags.problems);
  const environment = environmentValues(sources, scalars, file.used);
  const origins = new Map<string, string>();
  let raw: RawObject = file.tree;
  for (const [at, text, origin] of [...environment.values, ...flagValues(flags, scalars)]) {
    raw = assign(settings, raw, at, settings.coerce(text, at));
    origins.set(at.join('.'), origin);
  }
  return {
    raw,
    origins,
    placed: file.placed,
    problems: [...flags.problems, ...environment.problems, ...file.problems],
  };
}

type Assignment = readonly [at: Path, text: string, origin: string];

function configVariable({ prefix }: SettingsTree): string {
  return `${prefix}CONFIG`;
}

function environmentValues(
  { env, settings }: Sources,
  scalars: readonly Setting[],
  used: ReadonlySet<string>,
): { readonly values: readonly Assignment[]; readonly problems: readonly Problem[] } {
  const known = new Map(scalars.map((setting) => [setting.env, setting]));
  const values: Assignment[] = [];
  const problems: Problem[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (text === undefined || !name.startsWith(settings.prefix) || name === configVariable(settings))
      continue;
    const setting = known.get(name);
    if (setting !== undefined) values.push([setting.path.split('.'), text, name]);
    else if (
      !used.has(name) &&
      !settings.isReserved(name) &&
      !isServiceLink(name.slice(settings.prefix.length - 1), text)
    )
      problems.push({ path: name, message: `unknown setting: ${variableHint(name, known, settings)}` });
  }
  return { values: byDepth(values), problems };
}

/** Whether Kubernetes set the variable, for a service named `manifeed` or `manifeed-…`. */
function isServiceLink(name: string, text: string): boolean {
  const rest = /^(?:_[A-Z0-9_]+?)??_(SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT(?:_[A-Z0-9_]+)?)$/.exec(
    name,
  )?.[1];
  if (rest === undefined) return false;
  return rest.startsWith('SERVICE_') || isPortLink.test(text) || isPortPart.test(rest);
}

const isPortLink = /^(?:tcp|udp|sctp):\/\//;
const isPortPart = /^PORT_[0-9]+_(?:TCP|UDP|SCTP)_(?:PROTO|PORT|ADDR)$/;

function variableHint(
  name: string,
  known: ReadonlyMap<string | null, unknown>,
  settings: SettingsTree,
): string {
  const words = name.slice(settings.prefix.length).toLowerCase().split('_');
  const list = listsOf(settings).find((each) => each === words[0]);
  if (list !== undefined) return listRule(list);
  const names = [...known.keys()].filter((key) => key !== null);
  const near = suggest(name, names);
  return near === null ? '`manifeed config --settings` lists all' : `did you mean ${near}?`;
}

/** Sections that are lists of mappings: no variable and no flag can hold them. */
function listsOf(settings: SettingsTree): readonly string[] {
  return [...new Set(settings.list().flatMap(({ path }) => /^([a-z]+)\[\]/.exec(path)?.[1] ?? []))];
}

function listRule(section: string): string {
  return `${section} is a list of mappings: must be in the configuration file`;
}

function flagValues(flags: Flags, scalars: readonly Setting[]): readonly Assignment[] {
  const known = new Set(scalars.map((setting) => setting.path));
  const values = [...flags.values].filter(([path]) => known.has(path));
  return byDepth(values.map(([path, text]) => [path.split('.'), text, `--${path}`]));
}

/** npm takes flags before a `--` for itself and passes only their values on. */
function helpFor(argument: string): string {
  if (argument.startsWith('-')) return 'see manifeed --help';
  return 'a setting is written --name value (with npm: npm start -- --name value)';
}

/** Sorts a whole before its parts, so that `ledger` does not overwrite `ledger.password`. */
function byDepth(values: readonly Assignment[]): readonly Assignment[] {
  return [...values].sort(([a], [b]) => a.length - b.length);
}

/** Reads `--name value` and `--name=value`, and `--name` alone for a boolean. */
function parseFlags(argv: readonly string[], scalars: readonly Setting[], lists: readonly string[]): Flags {
  const known = new Map(scalars.map((setting) => [setting.path, setting]));
  const values = new Map<string, string>();
  const problems: Problem[] = [];
  let config: string | null = null;
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] ?? '';
    const match = /^--([^=]+)(?:=(.*))?$/s.exec(argument);
    const name = match?.[1] === undefined ? null : camelCase(match[1]);
    if (name === null || (name !== 'config' && !known.has(name))) {
      const near = name === null ? null : suggest(name, ['config', ...known.keys()]);
      const list = lists.find((each) => each === name?.match(/^[^.[]+/)?.[0]);
      const hint = near === null ? helpFor(argument) : `did you mean --${near}?`;
      problems.push({
        // A word without a flag may be a misplaced secret, so the problem does not quote it.
        path: argument.startsWith('-') ? (argument.split('=', 1)[0] ?? argument) : `argument ${at + 1}`,
        message: `unknown argument: ${list === undefined ? hint : listRule(list)}`,
      });
      // Skip the value of an unknown flag: it may be a secret, as in a mistyped --ledger.password.
      const hasValue = argument.startsWith('-') && !argument.includes('=');
      if (hasValue && argv[at + 1]?.startsWith('-') === false) at++;
      continue;
    }
    let text = match?.[2];
    const following = argv[at + 1];
    if (text === undefined && known.get(name)?.node.type === 'boolean') {
      text = following === 'true' || following === 'false' ? argv[++at] : 'true';
    } else if (text === undefined) {
      text = argv[++at];
    }
    if (text === undefined) problems.push({ path: `--${name}`, message: 'missing: must have a value' });
    else if (name === 'config') config = text;
    else values.set(name, text);
  }
  return { config, values, problems };
}

/** `pace.deliveries-per-second` → `pace.deliveriesPerSecond` */
function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_whole, letter: string) => letter.toUpperCase());
}

interface FileTree {
  readonly tree: RawObject;
  /** Variables that the file uses. */
  readonly used: ReadonlySet<string>;
  readonly placed: PlacedVariables;
  readonly problems: readonly Problem[];
}

const noFile: FileTree = { tree: {}, used: new Set(), placed: new PlacedVariables(), problems: [] };

/** @param others other problems, reported together with a file that cannot be read */
function readTree(path: string, sources: Sources, others: readonly Problem[]): FileTree {
  const refuse = (problems: readonly Problem[]) => new ConfigError([...others, ...problems]);
  const text = readText(path, sources.readFile, refuse);
  const { env, settings } = sources;
  const interpolation: Interpolation = {
    ...{ env, settings },
    ...{ used: new Set(), placed: new PlacedVariables(), problems: [] },
  };
  const nested = nestDottedKeys(settings, parseYaml(path, text, refuse), interpolation.problems);
  const tree = interpolate(nested, [], interpolation);
  if (tree !== null && !isRawObject(tree))
    throw refuse([{ path, message: 'must be a YAML mapping of settings' }]);
  const { used, placed, problems } = interpolation;
  return { tree: tree ?? {}, used, placed, problems };
}

interface Interpolation {
  readonly settings: SettingsTree;
  readonly env: Environment;
  /** Variables that the file uses: they are no mistyped settings. */
  readonly used: Set<string>;
  readonly placed: PlacedVariables;
  readonly problems: Problem[];
  /** Whether placeholders are replaced here. What replaces them also reads `$${change`. Default: no. */
  readonly hasPlaceholders?: boolean;
}

/**
 * Replaces `${VAR}` and `${VAR:-default}` in strings; `$${` is a literal `${`. It runs after parsing, so that no
 * value can add keys. A string that is only a variable takes the type that its place wants.
 */
function interpolate(value: Raw, path: Path, to: Interpolation): Raw {
  if (typeof value === 'string') {
    const text = interpolateText(value, path, to);
    return /^\$\{[^}]*\}$/.test(value) ? to.settings.coerce(text, path) : text;
  }
  if (isRawObject(value)) {
    // `webhooks:` with every entry commented out is null in YAML, and counts as absent.
    const given = Object.entries(value).filter(([, inner]) => inner !== null);
    const within = (key: string) => {
      const hasPlaceholders = to.hasPlaceholders || to.settings.hasPlaceholders(path, value, key);
      return { ...to, hasPlaceholders };
    };
    const entries = given.map(([key, inner]) => [key, interpolate(inner, [...path, key], within(key))]);
    return Object.fromEntries(entries);
  }
  if (typeof value !== 'object' || value === null) return value;
  return value.map((inner, index) => interpolate(inner, [...path, index], to));
}

function interpolateText(text: string, path: Path, to: Interpolation): string {
  const values: string[] = [];
  const shown = replaceVariables(text, path, to, (value) => {
    values.push(value);
    return mask;
  });
  if (values.length === 0) return shown;
  to.placed.add(path, { values, shown });
  // The same again, without the problems: they have been reported.
  return replaceVariables(text, path, { ...to, problems: [] }, (value) => value);
}

/** @param place what stands in the place of a variable's value */
function replaceVariables(
  text: string,
  path: Path,
  to: Interpolation,
  place: (value: string) => string,
): string {
  return text.replace(
    /\$(\$\{)(change\b)?|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{(?!change\b)[^{}]*\}?/g,
    (whole, escaped?: string, change?: string, name?: string, fallback?: string) => {
      if (escaped !== undefined)
        return change !== undefined && to.hasPlaceholders ? whole : `${escaped}${change ?? ''}`;
      if (name === undefined) {
        to.problems.push({ path: formatPath(path), message: neitherVariable(whole, path, to.settings) });
        return whole;
      }
      to.used.add(name);
      const value = to.env[name];
      // As in a shell, `:-` also replaces a variable that is set but empty.
      if (fallback !== undefined && (value === undefined || value === '')) return fallback;
      if (value !== undefined) return place(value);
      to.problems.push({
        path: formatPath(path),
        message: `\${${name}}: must be set in the environment, or be written \${${name}:-default}`,
      });
      return '';
    },
  );
}

/** Of a `${` that begins no variable and no placeholder: as it stands it would be a mistake that nobody sees. */
function neitherVariable(whole: string, path: Path, settings: SettingsTree): string {
  const rule = `must be a variable as in \${NAME}, or in a target a placeholder as in \${change.tag}; a literal "\${" is written "$\${"`;
  const [, word = '', rest = ''] = /^\$\{\s*([A-Za-z]+)\s*\.\s*([A-Za-z]+)\s*\}$/.exec(whole) ?? [];
  if (suggest(word, ['change']) !== null) return `${whole}: ${rule}: did you mean \${change.${rest}}?`;
  const isSecret = settings.nodesAt(path).some(({ secret }) => secret !== undefined);
  return `${isSecret || whole.length > maxQuoted ? 'a "${"' : whole}: ${rule}`;
}

const maxQuoted = 50;
