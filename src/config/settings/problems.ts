/** Describes what is wrong with a configuration: key, value, rule, nearest known key. */
import type { z } from 'zod';
import { formatFaultPath } from '../../lib/schema-faults.ts';
import { suggest } from './nearest.ts';
import { showValue } from './secrets.ts';
import { isRawObject, type Path, type Raw, type SchemaNode, type SettingsTree } from './tree.ts';

/** One thing that is wrong. */
export interface Problem {
  /** The key's path, such as `registries[0].poll.interval`; or the flag, variable or file at fault. */
  readonly path: string;
  /** The value and what it must be. Contains no secrets. */
  readonly message: string;
}

/** A configuration that the gateway cannot start with. */
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
export function formatPath(path: Path): string {
  return formatFaultPath(path) || 'the file';
}

interface Judged {
  readonly settings: SettingsTree;
  readonly raw: Raw;
  /** Path joined by `.` → the flag or variable that set it. */
  readonly origins: ReadonlyMap<string, string>;
}

/** What is wrong, in the words of the settings. */
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
      message: unknownKey(judged.settings.mappingsAt(path, value), key),
    }));
  }
  if (issue.code === 'invalid_union') {
    // In a union, assume that the branch that got farthest is the one that was meant.
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

/** `: did you mean "open"?` if the string is nearly one of the allowed ones. */
function nearChoice(settings: SettingsTree, value: Raw | undefined, path: Path): string {
  if (typeof value !== 'string') return '';
  const choices = settings.nodesAt(path).flatMap((node) => (node.enum ?? []).map(String));
  const near = suggest(value, choices);
  return near === null ? '' : `: did you mean "${near}"?`;
}

function unknownKey(nodes: readonly SchemaNode[], key: string): string {
  const known = [...new Set(nodes.flatMap((node) => Object.keys(node.properties ?? {})))];
  const near = suggest(key, known);
  return `unknown key: ${near === null ? `must be one of ${known.join(', ')}` : `did you mean "${near}"?`}`;
}

function valueAt(raw: Raw, path: Path): Raw | undefined {
  let value: Raw | undefined = raw;
  for (const step of path) {
    if (Array.isArray(value)) value = value[Number(step)];
    else if (isRawObject(value)) value = Object.hasOwn(value, step) ? value[step] : undefined;
    // A string that stands for an object is the value of the object's main member.
    else return step === path.at(-1) && typeof value === 'string' ? value : undefined;
  }
  return value;
}
