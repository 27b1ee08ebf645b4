/** Describes faults in this project's words, because zod's ("expected array to have >=1 items") are hard to read. */
import type { z } from 'zod';

/** What is wrong in one place of a value. */
export interface Fault {
  /** Member names and indices; empty for the whole value. */
  readonly path: readonly (string | number)[];
  /** `null`, `a list of 3`, `"text"`; never the value of a member that holds a secret. */
  readonly found: string;
  /** Begins with `must`. */
  readonly rule: string;
  /** Whether the schema lacks the last member of the path. */
  readonly unknown: boolean;
}

type Checked<T> =
  | { readonly ok: true; readonly data: T }
  | { readonly ok: false; readonly faults: readonly [Fault, ...Fault[]] };

/** Parses a value. Does not throw: the answer has the data, or at least one fault. */
export function checkSchema<T>(schema: z.ZodType<T>, value: unknown): Checked<T> {
  const result = schema.safeParse(value, { error: sentenceOf });
  if (result.success) return { ok: true, data: result.data };
  const [first, ...rest] = result.error.issues.flatMap((issue) => faultsOf(issue, value));
  const whole: Fault = { path: [], found: describe(value), rule: 'must be acceptable', unknown: false };
  return { ok: false, faults: [first ?? whole, ...rest] };
}

/** `['repository', 2]` → `repository[2]`; the empty path is `''`. */
export function formatFaultPath(path: readonly (string | number)[]): string {
  return path
    .map((step, at) => (typeof step === 'number' ? `[${step}]` : at === 0 ? step : `.${step}`))
    .join('');
}

function faultsOf(issue: z.core.$ZodIssue, value: unknown): readonly Fault[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key],
      found: 'unknown member',
      rule: 'must be left out',
      unknown: true,
    }));
  }
  const name = path.findLast((step) => typeof step === 'string') ?? '';
  const found = describe(valueAt(value, path), secretName.test(String(name)));
  return [{ path, found, rule: issue.message, unknown: false }];
}

/** The rule that an issue breaks, beginning with `must`. A zod error map; a message in the schema overrides it. */
export function sentenceOf(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${typeNames[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return boundOf(issue, issue.minimum, 'at least');
    case 'too_big':
      return boundOf(issue, issue.maximum, 'at most');
    case 'invalid_format':
      return formatRule(issue);
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'unrecognized_keys':
      return `must not have the unknown ${issue.keys.length === 1 ? 'member' : 'members'} ${issue.keys.map(quote).join(', ')}`;
    case 'invalid_union':
      return unionRule(issue);
    case 'invalid_key':
      return 'must have acceptable member names';
    case 'invalid_element':
      return 'must have acceptable entries';
    case 'invalid_value':
      return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(showOption).join(', ')}`;
    default:
      return 'must be acceptable';
  }
}

/** zod's names of types, as people who write JSON or YAML know them. */
const typeNames: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'an integer',
  bigint: 'an integer',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  set: 'a list',
  object: 'an object',
  record: 'an object',
  map: 'an object',
  null: 'null',
  date: 'a time',
  nan: 'a number',
  undefined: 'left out',
  never: 'left out',
  void: 'left out',
  nonoptional: 'given',
};

interface Bounded {
  readonly origin: string;
  readonly exact?: boolean;
  readonly inclusive?: boolean;
}

function boundOf(
  { origin, exact = false, inclusive = true }: Bounded,
  bound: number | bigint,
  side: 'at least' | 'at most',
): string {
  const how = exact ? 'exactly' : side;
  const amount = bound.toLocaleString('en');
  if (origin === 'string' || origin === 'array' || origin === 'set') {
    if (how === 'at least' && bound === 1) return 'must not be empty';
    const one = origin === 'string' ? 'character' : 'entry';
    const many = origin === 'string' ? 'characters' : 'entries';
    return `must have ${how} ${amount} ${bound === 1 ? one : many}`;
  }
  if (inclusive) return `must be ${how} ${amount}`;
  return `must be ${how === 'at least' ? 'more' : 'less'} than ${amount}`;
}

function formatRule(
  issue: { readonly format: string; readonly pattern?: unknown } & Record<string, unknown>,
): string {
  switch (issue.format) {
    case 'regex':
      return `must match ${String(issue.pattern)}`;
    case 'starts_with':
      return `must begin with ${quote(String(issue.prefix))}`;
    case 'ends_with':
      return `must end with ${quote(String(issue.suffix))}`;
    case 'includes':
      return `must contain ${quote(String(issue.includes))}`;
    default:
      return `must have the format ${issue.format}`;
  }
}

function unionRule(issue: {
  readonly errors: readonly (readonly z.core.$ZodIssue[])[];
  readonly discriminator?: unknown;
}): string {
  if (typeof issue.discriminator === 'string') return `must have a known ${quote(issue.discriminator)}`;
  const rules = issue.errors.flatMap((errors) => errors.map((error) => error.message.replace(/^must /, '')));
  return rules.length === 0
    ? 'must fit exactly one of the choices'
    : `must ${[...new Set(rules)].join(', or ')}`;
}

/** Names of members whose values no error repeats. */
const secretName = /token|secret|password/i;
const maxQuoted = 64;

function describe(value: unknown, isSecret = false): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') {
    if (value === '') return 'an empty string';
    return isSecret || value.length > maxQuoted ? `a string of ${value.length} characters` : quote(value);
  }
  return isSecret ? `a ${typeof value}` : String(value);
}

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  let at: unknown = value;
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = Reflect.get(at, step);
  }
  return at;
}

function showOption(option: unknown): string {
  return typeof option === 'string' ? quote(option) : String(option);
}

function quote(text: string): string {
  return JSON.stringify(text);
}
