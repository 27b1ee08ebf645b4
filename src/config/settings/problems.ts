/** What is wrong with a configuration, said so that it can be put right: key, value, rule, nearest known key. */
import type { z } from 'zod';
import { showValue } from './secrets.ts';
import { isRawObject, type Path, type Raw, type SettingsTree } from './tree.ts';

export interface Problem {
  /** The key's path, `registries[0].poll.interval`; or the flag, variable or file at fault. */
  readonly path: string;
  /** Current value and required value; no secrets. */
  readonly message: string;
}

/** Stops the start. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const lines = problems.map((problem) => `\n  ${problem.path}: ${problem.message}`);
    super(
      `read configuration: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}:${lines.join('')}`,
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** `['registries', 0, 'host']` → `registries[0].host` */
export function formatPath(path: readonly PropertyKey[]): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? String(step) : `.${String(step)}`;
  }
  return text === '' ? 'the file' : text;
}

/** The known text nearest to a mistyped one; null where none is near. */
export function suggest(text: string, known: readonly string[]): string | null {
  const limit = Math.max(2, Math.floor(text.length / 3));
  let best: { candidate: string; distance: number } | null = null;
  for (const candidate of known) {
    const distance = editDistance(text.toLowerCase(), candidate.toLowerCase());
    if (distance <= limit && (best === null || distance < best.distance)) best = { candidate, distance };
  }
  return best?.candidate ?? null;
}

/** Longest text that is compared; anything longer is near to nothing. */
const maxCompared = 100;

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  if (a.length > maxCompared || b.length > maxCompared) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** What was judged. */
export interface Judged {
  readonly settings: SettingsTree;
  readonly raw: Raw;
  /** Path joined by `.` → the flag or variable that gave its value. */
  readonly origins: ReadonlyMap<string, string>;
}

/** zod's findings as problems. */
export function problemsOf(issues: readonly z.core.$ZodIssue[], judged: Judged): readonly Problem[] {
  return issues.flatMap((issue) => problemsOfIssue(issue, [], judged));
}

function problemsOfIssue(issue: z.core.$ZodIssue, above: Path, judged: Judged): readonly Problem[] {
  const path: Path = [
    ...above,
    ...issue.path.map((step) => (typeof step === 'number' ? step : String(step))),
  ];
  const value = valueAt(judged.raw, path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: formatPath([...path, key]),
      message: unknownKey(judged.settings, key, path),
    }));
  }
  if (issue.code === 'invalid_union') {
    // Of a choice, the branch that got farthest is the one that was meant.
    const branches = issue.errors.map((errors) => [...errors].sort((a, b) => b.path.length - a.path.length));
    const meant = branches.find((errors) => (errors[0]?.path.length ?? 0) > 0);
    if (meant !== undefined) return meant.flatMap((inner) => problemsOfIssue(inner, path, judged));
    const rules = issue.errors.flatMap((errors) =>
      errors.map((error) => error.message.replace(/^must /, '')),
    );
    const message = issue.message.startsWith('must ')
      ? issue.message
      : `must ${[...new Set(rules)].join(', or ')}`;
    return [problem(path, value, message, judged)];
  }
  const isForMapping = issue.code === 'invalid_type' && issue.expected === 'object';
  return [problem(path, value, isForMapping ? mappingRule(judged.settings, path) : issue.message, judged)];
}

function mappingRule(settings: SettingsTree, path: Path): string {
  const nodes = settings.nodesAt(path);
  const keys = [...new Set(nodes.flatMap((node) => Object.keys(node.properties ?? {})))].join(', ');
  const mapping = `a mapping with keys of ${keys}`;
  return nodes.some((node) => node.shorthand !== undefined)
    ? `must be a string, or ${mapping}`
    : `must be ${mapping}`;
}

function problem(path: Path, value: Raw | undefined, rule: string, { settings, origins }: Judged): Problem {
  const name = formatPath(path);
  const origin = origins.get(path.join('.'));
  return {
    path: origin === undefined ? name : `${name} (${origin})`,
    message: `${showValue(settings, value, path)}: ${rule}${nearChoice(settings, value, path)}`,
  };
}

/** `: did you mean "open"?` where a text is nearly one of those to choose from. */
function nearChoice(settings: SettingsTree, value: Raw | undefined, path: Path): string {
  if (typeof value !== 'string') return '';
  const choices = settings.nodesAt(path).flatMap((node) => (node.enum ?? []).map(String));
  const near = suggest(value, choices);
  return near === null ? '' : `: did you mean "${near}"?`;
}

function unknownKey(settings: SettingsTree, key: string, path: Path): string {
  const known = settings.nodesAt(path).flatMap((node) => Object.keys(node.properties ?? {}));
  const near = suggest(key, known);
  return `unknown key: ${near === null ? `must be one of ${known.join(', ')}` : `did you mean "${near}"?`}`;
}

function valueAt(raw: Raw, path: Path): Raw | undefined {
  let value: Raw | undefined = raw;
  for (const step of path) {
    if (Array.isArray(value)) value = value[Number(step)];
    else if (isRawObject(value)) value = Object.hasOwn(value, step) ? value[step] : undefined;
    // A bare text that stands for an object is itself the value of its main member.
    else return step === path.at(-1) && typeof value === 'string' ? value : undefined;
  }
  return value;
}
