/**
 * Where values come from: flag over environment over file over default. Here they become one raw tree; nothing
 * is judged but names and `${VAR}`s.
 */
import { type Document, LineCounter, parseDocument } from 'yaml';
import { ConfigError, formatPath, type Problem, suggest } from './config-problems.ts';
import {
  coerce,
  isRawObject,
  listSettings,
  nodesAt,
  type Path,
  parseRaw,
  type Raw,
  type RawObject,
  type Setting,
} from './config-tree.ts';

/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Sources {
  /** Arguments after the command. */
  readonly argv: readonly string[];
  readonly env: Environment;
  /** Reads a text file; throws where it can't. */
  readonly readFile: (path: string) => string;
}

export interface Gathered {
  readonly raw: RawObject;
  /** Path joined by `.` → the flag or variable that gave its value. */
  readonly origins: ReadonlyMap<string, string>;
}

/** Largest configuration file, in characters. */
const maxFileLength = 10_000_000;
/** How often aliases may be followed: an alias bomb multiplies. */
const maxAliasCount = 100;
/** Lists and mappings within each other; the settings themselves need five. */
const maxDepth = 50;
const configVariable = 'MANIFEED_CONFIG';

/** Flags by their name without dashes; `config` is the file's path. */
export interface Flags {
  readonly config: string | null;
  /** Path → text, in order. */
  readonly values: ReadonlyMap<string, string>;
}

/**
 * Puts the sources together.
 *
 * @throws ConfigError naming every unknown flag and variable, or what is wrong with the file
 */
export function gather(sources: Sources): Gathered {
  const scalars = listSettings().filter((setting) => setting.env !== null && isScalar(setting));
  const flags = parseFlags(sources.argv, scalars);
  const path = flags.config ?? sources.env[configVariable] ?? null;
  const file = path === null ? { tree: {}, used: new Set<string>() } : readTree(path, sources);
  const origins = new Map<string, string>();
  let raw: RawObject = file.tree;
  for (const [at, text, origin] of [
    ...environmentValues(sources.env, scalars, file.used),
    ...flagValues(flags, scalars),
  ]) {
    raw = assign(raw, at, coerce(text, at));
    origins.set(at.join('.'), origin);
  }
  return { raw, origins };
}

/** A setting that one text can give: a scalar, or a list of texts (separated by commas). */
function isScalar(setting: Setting): boolean {
  return setting.node.type !== 'array' || setting.node.items?.properties === undefined;
}

type Assignment = readonly [at: Path, text: string, origin: string];

function environmentValues(
  env: Environment,
  scalars: readonly Setting[],
  used: ReadonlySet<string>,
): readonly Assignment[] {
  const known = new Map(scalars.map((setting) => [setting.env, setting]));
  const values: Assignment[] = [];
  const problems: Problem[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (text === undefined || !name.startsWith('MANIFEED_') || name === configVariable) continue;
    const setting = known.get(name);
    if (setting !== undefined) values.push([setting.path.split('.'), text, name]);
    else if (!used.has(name) && !isServiceLink(name))
      problems.push({ path: name, message: unknownName(name, known) });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return byDepth(values);
}

/** Kubernetes sets such variables in every container beside a service named `manifeed`. */
function isServiceLink(name: string): boolean {
  return /^MANIFEED(?:_[A-Z0-9_]+)?_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT(?:_[0-9]+_.+)?)$/.test(
    name,
  );
}

function unknownName(name: string, known: ReadonlyMap<string | null, unknown>): string {
  const near = suggest(
    name,
    [...known.keys()].filter((key) => key !== null),
  );
  const hint = near === null ? 'see the settings table in README' : `did you mean ${near}?`;
  return `unknown setting: ${hint}`;
}

function flagValues(flags: Flags, scalars: readonly Setting[]): readonly Assignment[] {
  const known = new Set(scalars.map((setting) => setting.path));
  const values = [...flags.values].filter(([path]) => known.has(path));
  return byDepth(values.map(([path, text]) => [path.split('.'), text, `--${path}`]));
}

/** A whole before its parts, so that `ledger.password` is not lost under `ledger`. */
function byDepth(values: readonly Assignment[]): readonly Assignment[] {
  return [...values].sort(([a], [b]) => a.length - b.length);
}

/** Reads `--name value`, `--name=value`, and `--name` alone for what is true or false. */
function parseFlags(argv: readonly string[], scalars: readonly Setting[]): Flags {
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
      problems.push({
        path: argument.split('=', 1)[0] ?? argument,
        message: `unknown argument: ${near === null ? 'see manifeed --help' : `did you mean --${near}?`}`,
      });
      // Its value is no argument of its own, and may be the secret of a mistyped --ledger.password.
      if (name !== null && match?.[2] === undefined && argv[at + 1]?.startsWith('-') === false) at++;
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
  if (problems.length > 0) throw new ConfigError(problems);
  return { config, values };
}

/** `pace.deliveries-per-second` → `pace.deliveriesPerSecond` */
function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_whole, letter: string) => letter.toUpperCase());
}

function readTree(path: string, sources: Sources): { tree: RawObject; used: ReadonlySet<string> } {
  const parsed = parseYaml(path, readText(path, sources.readFile));
  const interpolation: Interpolation = { env: sources.env, used: new Set(), problems: [] };
  const tree = interpolate(parsed, [], interpolation);
  if (interpolation.problems.length > 0) throw new ConfigError(interpolation.problems);
  if (tree !== null && !isRawObject(tree)) {
    throw new ConfigError([{ path, message: 'must be a YAML mapping of settings' }]);
  }
  return { tree: tree ?? {}, used: interpolation.used };
}

function readText(path: string, readFile: (path: string) => string): string {
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError([{ path, message: `cannot be read: ${reason}` }]);
  }
  if (text.length <= maxFileLength) return text;
  throw new ConfigError([{ path, message: `${text.length} characters: must be at most ${maxFileLength}` }]);
}

function parseYaml(path: string, text: string): Raw {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const problems = document.errors.map((error) => {
    const { line, col } = lineCounter.linePos(error.pos[0]);
    // The parser's words for `ledger: memory:` help nobody.
    const hint = error.message.startsWith('Nested mappings')
      ? ' (a text that ends in ":" must be in quotes)'
      : '';
    return { path: `${path}:${line}:${col}`, message: `is not valid YAML: ${error.message}${hint}` };
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return toRaw(path, document);
}

/** Aliases are followed only here: one that stands for too much, for nothing or for itself is found now. */
function toRaw(path: string, document: Document): Raw {
  const refuse = (message: string) => new ConfigError([{ path, message }]);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount });
  } catch (error) {
    // What the library throws at an alias without an anchor, or at too many.
    if (error instanceof ReferenceError) throw refuse(`is not valid YAML: ${error.message}`);
    throw error;
  }
  if (isDeeper(value, maxDepth)) {
    throw refuse(`nested deeper than ${maxDepth}: must have no anchor that contains its own alias`);
  }
  return parseRaw(value);
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((inner) => isDeeper(inner, depth - 1));
}

interface Interpolation {
  readonly env: Environment;
  /** Variables that the file uses, so that they are not taken for mistyped settings. */
  readonly used: Set<string>;
  readonly problems: Problem[];
}

/**
 * Puts environment variables into strings: `${VAR}`, `${VAR:-default}`; `$${` is a plain `${`. Done after
 * parsing, so that no value can add keys. A string that is one variable alone takes the type of its place.
 */
function interpolate(value: Raw, path: Path, to: Interpolation): Raw {
  if (typeof value === 'string') {
    const text = interpolateText(value, path, to);
    return /^\$\{[^}]*\}$/.test(value) ? coerce(text, path) : text;
  }
  if (isRawObject(value)) {
    // `webhooks:` with every entry commented out is null in YAML, and means that nothing is said.
    const given = Object.entries(value).filter(([, inner]) => inner !== null);
    return Object.fromEntries(given.map(([key, inner]) => [key, interpolate(inner, [...path, key], to)]));
  }
  if (typeof value !== 'object' || value === null) return value;
  return value.map((inner, index) => interpolate(inner, [...path, index], to));
}

function interpolateText(text: string, path: Path, to: Interpolation): string {
  return text.replace(
    /\$(\$\{)|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g,
    (whole, escaped: string | undefined, name: string | undefined, fallback: string | undefined) => {
      if (escaped !== undefined || name === undefined) return escaped ?? whole;
      to.used.add(name);
      const value = to.env[name];
      // As in a shell: `:-` also replaces what is set but empty.
      if (fallback !== undefined && (value === undefined || value === '')) return fallback;
      if (value !== undefined) return value;
      to.problems.push({
        path: formatPath(path),
        message: `\${${name}}: must be set in the environment, or be written \${${name}:-default}`,
      });
      return '';
    },
  );
}

/** A copy of the tree with one value put in place; a bare scalar in the way becomes what it stands for. */
function assign(tree: RawObject, path: Path, value: Raw, above: Path = []): RawObject {
  const [step, ...rest] = path;
  if (step === undefined) return tree;
  if (rest.length === 0) return { ...tree, [step]: value };
  const here = [...above, step];
  const inner = tree[step];
  const container = isRawObject(inner) ? inner : expandShorthand(inner, here);
  return { ...tree, [step]: assign(container, rest, value, here) };
}

function expandShorthand(value: Raw | undefined, path: Path): RawObject {
  const key = nodesAt(path).find((node) => node.shorthand !== undefined)?.shorthand ?? null;
  return value === undefined || value === null || key === null ? {} : { [key]: value };
}
