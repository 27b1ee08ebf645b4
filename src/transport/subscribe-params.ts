/**
 * What a client asks for, the same for all transports: query parameters of SSE and long-poll, members of a
 * WebSocket `subscribe`. Parsed here once, at the edge, with zod; inside, the result is trusted.
 */
import { z } from 'zod';
import { invalidParameter, ManifeedError } from '../errors.ts';
import { type Filter, parseFilter } from '../event/filter.ts';
import { parsePosition } from '../event/position.ts';
import type { Start } from '../fanout/subscriber.ts';
import { checkSchema, formatFaultPath } from '../lib/schema-faults.ts';

/** More than the largest of the limits that judge lists member by member; only keeps the parser's work small. */
const maxListed = 100_000;

/**
 * A list in JSON; in a query a parameter that repeats. One string is a list of one. A list of none is refused:
 * whoever computed it wants nothing, and would get everything.
 */
const list = z
  .union([z.string(), z.array(z.string()).min(1).max(maxListed)], {
    error: 'must be a string, or a list of one or more strings',
  })
  .transform((value) => (typeof value === 'string' ? [value] : value));

const flag = z.union(
  [
    z.boolean(),
    z.enum(['true', 'false', '1', '0', '']).transform((value) => value !== 'false' && value !== '0'),
  ],
  { error: 'must be true or false' },
);

export const subscribeShape = {
  repository: list
    .optional()
    .describe('Repositories: `host/name`, or a glob; a bare name means the default registry. Absent: all'),
  tag: list.optional().describe('Tags: exact, glob, or `semver:<range>`. Absent: all'),
  type: list
    .optional()
    .describe(
      'Change types: `tag.created`, `tag.updated`, `tag.deleted`, `manifest.pushed`, `manifest.deleted`, or `tag.*`, `manifest.*`, `*`. Absent: `tag.*`',
    ),
  after: z.string().max(64).optional().describe('A position: changes after it'),
  since: z.string().max(64).optional().describe('RFC 3339: changes recorded at or after that time'),
};

export const streamShape = {
  ...subscribeShape,
  snapshot: flag.optional().describe('First the current state of the matching tags, then changes'),
  conflate: flag.optional().describe('A held-back change is replaced by the newest one of its tag'),
  pace: z
    .enum(['none', 'default'])
    .optional()
    .describe('`none`: changes at once, where the operator allows it'),
  format: z.enum(['manifeed', 'cloudevents']).optional().describe('Shape of a change. Default `manifeed`'),
};

const streamSchema = z.strictObject(streamShape);
export type StreamParams = z.infer<typeof streamSchema>;

export interface FilterLimits {
  readonly defaultRegistry: string;
  readonly repositoriesPerSubscription: number;
  /** Tags, globs and ranges. */
  readonly tagsPerSubscription: number;
}

/** Characters of an unknown parameter's name that its refusal repeats. */
const maxNamed = 100;

/** Parameters that any stream ignores: the token is read elsewhere, the rest are cache-busters. */
export const ignoredParameters: ReadonlySet<string> = new Set(['access_token', '_']);

/**
 * Collects a query string into the members of `shape`; lists are those that repeat.
 *
 * @throws PARAMETER_INVALID naming the parameter
 */
export function parseQuery<Shape extends z.ZodRawShape>(
  query: URLSearchParams,
  schema: z.ZodObject<Shape, z.core.$strict>,
): z.infer<z.ZodObject<Shape, z.core.$strict>> {
  // Without a prototype: `__proto__` is a parameter like any other, to be refused by its name.
  const members: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of query) {
    if (ignoredParameters.has(name)) continue;
    const before = members[name];
    if (before === undefined) members[name] = value;
    else members[name] = Array.isArray(before) ? [...before, value] : [before, value];
  }
  return parseMembers(members, schema);
}

/** As `parseQuery`, of a JSON object. */
export function parseMembers<Shape extends z.ZodRawShape>(
  members: unknown,
  schema: z.ZodObject<Shape, z.core.$strict>,
): z.infer<z.ZodObject<Shape, z.core.$strict>> {
  const result = checkSchema(schema, members);
  if (result.ok) return result.data;
  const [{ path, found, rule, unknown }] = result.faults;
  // A client's own name for it may be as long as its message.
  const parameter = String(path[0] ?? 'query').slice(0, maxNamed);
  const known = Object.keys(schema.shape).join(', ');
  throw invalidParameter(
    parameter,
    unknown
      ? `parse ${parameter}: no such parameter: must be one of ${known}`
      : `parse ${formatFaultPath(path) || 'query'}: ${found}: ${rule}`,
  );
}

export function parseStreamQuery(query: URLSearchParams): StreamParams {
  return parseQuery(query, streamSchema);
}

/** The lists of a filter, absent where the client gave none. */
export interface FilterParams {
  readonly repository?: readonly string[] | undefined;
  readonly tag?: readonly string[] | undefined;
  readonly type?: readonly string[] | undefined;
}

/** @param typeName what the client calls the change types, for errors */
export function toFilter(params: FilterParams, limits: FilterLimits, typeName = 'type'): Filter {
  const { repository, tag, type } = params;
  return parseFilter(
    {
      ...(repository === undefined ? {} : { repository }),
      ...(tag === undefined ? {} : { tag }),
      ...(type === undefined ? {} : { type }),
    },
    {
      defaultRegistry: limits.defaultRegistry,
      maxRepositories: limits.repositoriesPerSubscription,
      maxTags: limits.tagsPerSubscription,
      typeName,
    },
  );
}

/**
 * Where a subscription begins. `after` wins over `since`; a position that is none is an error, one that can't
 * be honoured is not (that is told in-band).
 *
 * @param now for refusing a `since` in the future, ms since the epoch
 */
export function toStart(params: Pick<StreamParams, 'after' | 'since'>, now: number): Start {
  if (params.after !== undefined && params.after !== '') {
    const position = parsePosition(params.after);
    if (position === null) {
      throw invalidParameter('after', `parse after: ${quote(params.after)}: must be <epoch>-<sequence>`);
    }
    return { kind: 'after', ...position };
  }
  if (params.since !== undefined && params.since !== '')
    return { kind: 'since', time: parseSince(params.since, now) };
  return { kind: 'live' };
}

const rfc3339 = /^\d{4}-\d{2}-\d{2}[Tt ](?:[01]\d|2[0-3]):\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})$/;
/** A client's clock may be ahead of ours by so much, ms. */
const allowedSkewMs = 5_000;

function parseSince(text: string, now: number): number {
  // In a query a plus sign means a space: `+02:00` arrives as ` 02:00`.
  const repaired = text.replace(/ (\d{2}:\d{2})$/, '+$1');
  const valid = rfc3339.test(repaired) && isDate(repaired.slice(0, 10));
  const time = valid ? Date.parse(repaired.replace(' ', 'T')) : Number.NaN;
  if (Number.isNaN(time)) {
    throw invalidParameter(
      'since',
      `parse since: ${quote(text)}: must be RFC 3339, like 2026-11-23T20:00:00Z`,
    );
  }
  if (time > now + allowedSkewMs) {
    throw invalidParameter('since', `parse since: ${quote(text)}: lies in the future: must not be after now`);
  }
  return Math.min(time, now);
}

/** Whether `yyyy-mm-dd` exists: `Date.parse` takes the 30th of February for the 2nd of March. */
function isDate(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

export function quote(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}

/** What a client may do; made by the authoriser, handed in by the composition root. */
export interface ClientGrant {
  readonly key: string;
  /** Names the token, of which all connections share its limits; null with open access. */
  readonly owner: string | null;
  readonly unpaced: boolean;
  allows(repositoryKey: string): boolean;
}

/**
 * Refuses repositories that are named exactly and not granted, or whose registry this gateway will never hear
 * of. Patterns are not refused: they see what the grant allows.
 */
export function checkFilter(
  filter: Filter,
  grant: ClientGrant,
  knowsRegistry: (host: string) => boolean,
): void {
  for (const key of filter.repositories) {
    if (!grant.allows(key)) {
      throw new ManifeedError('DENIED', `subscribe to ${key}: this token does not allow it`, {
        detail: { parameter: 'repository' },
      });
    }
    const host = key.slice(0, key.indexOf('/'));
    if (!knowsRegistry(host)) {
      throw new ManifeedError(
        'REGISTRY_UNKNOWN',
        `subscribe to ${key}: registry ${host} is not configured here: must be one of this gateway's registries`,
        { detail: { parameter: 'repository' } },
      );
    }
  }
}

/** @throws DENIED when `pace=none` is asked for and not allowed */
export function toPaced(pace: StreamParams['pace'], grant: ClientGrant): boolean {
  if (pace !== 'none') return true;
  if (grant.unpaced) return false;
  throw new ManifeedError('DENIED', 'subscribe with pace none: not allowed for this token', {
    detail: { parameter: 'pace' },
  });
}
