/** The `targets` section: the members that all kinds share, and those of each kind. */
import { z } from 'zod';
import { ManifeedError } from '../errors.ts';
import { changeTypes } from '../event/change.ts';
import { type Filter, parseFilter } from '../event/filter.ts';
import type { Kind, SettingFault } from '../target/kind.ts';
import { faultsOf, kindOf, kinds } from '../target/kinds.ts';
import type { Problem } from './settings/problems.ts';
import { formatDuration } from './settings/quantities.ts';
import {
  choice,
  duration,
  flag,
  integer,
  list,
  maxListed,
  rename,
  repositoryPattern,
  text,
} from './settings/values.ts';

const maxTargets = 1_000;
const maxTags = 100;
const groups = ['tag.*', 'manifest.*', '*'] as const;
const typeNames = [...changeTypes, ...groups] as const;

/** The members of a kind and the common ones, strict. */
function entryOf({ name, members, templates = [], defaults, deletes }: Kind) {
  const { timeoutMs, coalesceMs, concurrency, types } = defaults;
  const shape = {
    name: text('1–64 letters, digits, ".", "_" or "-"', /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/).describe(
      'Its position is kept under this name: another name begins at the head. 1–64 letters, digits, `.`, `_` or `-`',
    ),
    kind: choice([name]).describe(`Which tool it is: ${kinds.map((kind) => kind.name).join(', ')}`),
    ...members.shape,
    ...Object.fromEntries(templates.map((key) => [key, members.shape[key]?.meta({ placeholders: true })])),
    caFile: text('the path of a PEM file').optional().describe('More certificate authorities to trust, PEM'),
    repository: list(repositoryPattern(), 'repositories or globs', maxListed)
      .optional()
      .describe('Repositories or globs; default: all'),
    tag: list(text('a tag, a glob or semver:<range>'), 'tags, globs or semver:<range>', maxTags)
      .optional()
      .describe('Tags, globs or `semver:<range>`; default: all'),
    types: list(choice(typeNames), 'change types', typeNames.length)
      .min(1, { error: 'must have at least one' })
      .default([...types])
      .describe(`Types of changes, as \`type\` of a subscription${deletes ? '' : '; no deletions'}`),
    platform: list(text('a platform, as in linux/amd64'), 'platforms', maxListed)
      .optional()
      .describe('As `platform` of a subscription; default: all platforms'),
    coalesce: duration('0s', '10m')
      .prefault(formatDuration(coalesceMs ?? 0))
      .describe('Changes of one repository within this time are one trigger; `0s`: each is one'),
    timeout: duration('100ms', '1h')
      .prefault(formatDuration(timeoutMs))
      .describe('Time limit of one attempt; default: by kind'),
    concurrency: integer(1, 64).default(concurrency).describe('Attempts under way at once; default: by kind'),
    minAge: duration('0s', '30d')
      .prefault('0s')
      .describe('A change is sent only once it has stood for so long and is still current'),
    maxAge: duration('1m', '365d')
      .prefault('24h')
      .describe('A change that could not be delivered for so long is given up'),
    unpaced: flag().default(false).describe('Changes come at once, whatever `pace` says'),
  };
  if (coalesceMs === null) Reflect.deleteProperty(shape, 'coalesce');
  if (!('url' in members.shape || 'host' in members.shape)) Reflect.deleteProperty(shape, 'caFile');
  return z.strictObject(shape).transform(rename(codeNames));
}

const codeNames = {
  coalesce: 'coalesceMs',
  timeout: 'timeoutMs',
  minAge: 'minAgeMs',
  maxAge: 'maxAgeMs',
} as const;

/** One target: the common members; it has those of its kind too, which only the kind reads. Durations in ms. */
export interface TargetSettings {
  readonly name: string;
  readonly kind: string;
  readonly caFile?: string | undefined;
  readonly repository?: readonly string[] | undefined;
  readonly tag?: readonly string[] | undefined;
  readonly types: readonly string[];
  readonly platform?: readonly string[] | undefined;
  /** Absent: the kind does not coalesce. */
  readonly coalesceMs?: number | undefined;
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly minAgeMs: number;
  readonly maxAgeMs: number;
  readonly unpaced: boolean;
}

const unknownKind = (issue: { readonly code?: string | undefined }) =>
  issue.code === 'invalid_union' ? `must be one of ${kinds.map(({ name }) => name).join(', ')}` : undefined;

const [first, ...others] = kinds;
const target: z.ZodType<TargetSettings> = z.discriminatedUnion(
  'kind',
  [entryOf(first), ...others.map(entryOf)],
  { error: unknownKind },
);

/** The `targets` section. */
export const targets = list(target, 'targets', maxTargets).prefault([]);

/** The filter of a target. @throws PARAMETER_INVALID naming its member */
export function filterOfTarget(target: TargetSettings, defaultRegistry: string): Filter {
  const { repository = [], tag = [], types, platform = [] } = target;
  const options = { defaultRegistry, maxRepositories: maxListed, maxTags, typeName: 'types' };
  return parseFilter({ repository, tag, type: types, platform }, options);
}

/** What is wrong with targets whose single members are right. */
export function checkTargets(
  targets: readonly TargetSettings[],
  defaultRegistry: string,
): readonly Problem[] {
  return targets.flatMap((target, index) =>
    faultsOfTarget(target, kindOf(target), defaultRegistry).map(({ key, message }) => ({
      path: `targets[${index}].${key}`,
      message,
    })),
  );
}

/** As `checkTargets`, of one target of this kind. */
export function faultsOfTarget(
  target: TargetSettings,
  kind: Kind,
  defaultRegistry: string,
): readonly SettingFault[] {
  const faults = [...faultsOf(target, kind), ...faultsOfFilter(target, kind, defaultRegistry)];
  if (target.minAgeMs < target.maxAgeMs) return faults;
  const message = `${formatDuration(target.minAgeMs)}: must be less than maxAge`;
  return [...faults, { key: 'minAge', message }];
}

function faultsOfFilter(
  target: TargetSettings,
  kind: Kind,
  defaultRegistry: string,
): readonly SettingFault[] {
  try {
    const { types } = filterOfTarget(target, defaultRegistry);
    const deletes = [...types].filter((type) => type.endsWith('.deleted'));
    if (kind.deletes || deletes.length === 0) return [];
    const rule = `must be without it, because kind ${kind.name} cannot tell its tool of deletes`;
    return [{ key: 'types', message: `includes ${deletes.join(' and ')}: ${rule}` }];
  } catch (error) {
    const key = error instanceof ManifeedError ? error.detail?.parameter : undefined;
    if (key === undefined || !(error instanceof Error)) throw error;
    return [{ key, message: error.message.replace(/^parse (?:filter: )?/, '').replace(`${key}: `, '') }];
  }
}
