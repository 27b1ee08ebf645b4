/**
 * Reads a request, in the same way for every transport: the query parameters of SSE and long-poll, the members of a
 * WebSocket `subscribe`. A new parameter is added to `streamShape`, and its meaning to `StreamRequest`.
 */
import { z } from 'zod';
import { invalidParameter, refusalOf } from '../errors.ts';
import { type Filter, parseFilter } from '../event/filter.ts';
import type { Grant } from '../event/grant.ts';
import { parsePosition } from '../event/position.ts';
import { parseRfc3339 } from '../event/rfc3339.ts';
import type { Hub } from '../fanout/hub.ts';
import type { Encoding } from '../fanout/sink.ts';
import type { Start } from '../fanout/subscriber.ts';
import { BoundedMap } from '../lib/bounded-map.ts';
import type { Clock } from '../lib/clock.ts';
import { detached } from '../lib/detached.ts';
import type { Admission } from './admission.ts';
import { withoutToken } from './head.ts';
import { flag, list, parseQuery, quote } from './parameters.ts';

/** All parameters of a stream. */
export const streamShape = {
  repository: list
    .optional()
    .describe('Repositories: `host/name`, or a glob; a bare name means the default registry. Absent: all'),
  tag: list.optional().describe('Tags: exact, glob, or `semver:<range>`. Absent: all'),
  type: list
    .optional()
    .describe(
      'Change types: `tag.created`, `tag.updated`, `tag.deleted`, `manifest.pushed`, `manifest.deleted`, or `tag.*`, `manifest.*`, `*`. Absent: `tag.*`',
    ),
  platform: list
    .optional()
    .describe(
      'Platforms, such as `linux/amd64`: a `tag.updated` is delivered only if the manifest of one of them moved, or if that is not known. Absent: every change',
    ),
  after: z.string().max(64).optional().describe('A position: changes after it'),
  since: z.string().max(64).optional().describe('RFC 3339: changes recorded at or after that time'),
  snapshot: flag.optional().describe('First the current state of the matching tags, then changes'),
  conflate: flag.optional().describe('A held-back change is replaced by the newest one of its tag'),
  pace: z
    .enum(['none', 'default'])
    .optional()
    .describe('`none`: changes at once, where the operator allows it'),
  format: z.enum(['manifeed', 'cloudevents']).optional().describe('Shape of a change. Default `manifeed`'),
};

export const streamSchema = z.strictObject(streamShape);
export type StreamParams = z.infer<typeof streamSchema>;

/** What every transport uses. */
export interface TransportOptions {
  readonly hub: Hub;
  readonly admission: Admission;
  readonly requests: RequestReader;
  readonly clock: Clock;
}

/** What a client asks for, checked against its grant. */
export interface StreamRequest {
  readonly filter: Filter;
  readonly start: Start;
  readonly snapshot: boolean;
  readonly paced: boolean;
  readonly conflate: boolean;
  readonly format: Encoding['format'];
}

export interface FilterLimits {
  readonly defaultRegistry: string;
  readonly repositoriesPerSubscription: number;
  /** Tags, globs and ranges. */
  readonly tagsPerSubscription: number;
}

/** How a request differs from a plain query. */
export interface ReadOptions {
  /** Where it begins, regardless of its parameters. */
  readonly start?: Start | undefined;
  /** What the client calls the change types, for errors. Default `type`. */
  readonly typeName?: string;
}

/** Reads requests and remembers the latest: ten thousand dashboards ask the same, and share one filter object. */
export class RequestReader {
  readonly #limits: FilterLimits;
  readonly #admission: Pick<Admission, 'knowsRegistry' | 'latestSince'>;
  readonly #queries = new Remembered<StreamParams>();
  readonly #filters = new Remembered<Filter>();
  /** These two last as long as the parameters are remembered. */
  readonly #filterOf = new WeakMap<StreamParams, Filter>();
  readonly #latest = new WeakMap<StreamParams, { readonly grant: Grant; readonly request: StreamRequest }>();

  constructor(limits: FilterLimits, admission: Pick<Admission, 'knowsRegistry' | 'latestSince'>) {
    this.#limits = limits;
    this.#admission = admission;
  }

  /** Parses a query without the question mark. @throws PARAMETER_INVALID naming the parameter */
  parse(query: string): StreamParams {
    // The whole query first: a remembered one holds no token, so a hit needs no check for one.
    const before = this.#queries.get(query);
    if (before !== undefined) return before;
    // A token must not stay in memory.
    return this.#queries.getOrMake(detached(withoutToken(query)), (text) =>
      parseQuery(new URLSearchParams(text), streamSchema),
    );
  }

  /** @throws PARAMETER_INVALID naming the parameter; DENIED; REGISTRY_UNKNOWN */
  read(params: StreamParams, grant: Grant, { start, typeName = 'type' }: ReadOptions = {}): StreamRequest {
    const latest = this.#latest.get(params);
    if (latest?.grant === grant && start === undefined) return latest.request;
    const filter = this.#filter(params, typeName);
    checkFilter(filter, grant, this.#admission.knowsRegistry);
    const request: StreamRequest = {
      filter,
      start: start ?? toStart(params, this.#admission.latestSince()),
      snapshot: params.snapshot ?? false,
      paced: toPaced(params.pace, grant),
      conflate: params.conflate ?? false,
      format: params.format ?? 'manifeed',
    };
    // The time that a `since` in the future stands for depends on when it is asked.
    if (start === undefined && request.start.kind !== 'since') this.#latest.set(params, { grant, request });
    return request;
  }

  #filter(params: StreamParams, typeName: string): Filter {
    const before = this.#filterOf.get(params);
    if (before !== undefined) return before;
    const { repository, tag, type, platform } = params;
    const filter = this.#filters.getOrMake(JSON.stringify([repository, tag, type, platform]), () =>
      toFilter(params, this.#limits, typeName),
    );
    this.#filterOf.set(params, filter);
    return filter;
  }
}

/** @throws PARAMETER_INVALID naming the parameter */
export function toFilter(
  { repository, tag, type, platform }: Pick<StreamParams, 'repository' | 'tag' | 'type' | 'platform'>,
  limits: FilterLimits,
  typeName = 'type',
): Filter {
  return parseFilter(
    {
      ...(repository === undefined ? {} : { repository }),
      ...(tag === undefined ? {} : { tag }),
      ...(type === undefined ? {} : { type }),
      ...(platform === undefined ? {} : { platform }),
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
 * Refuses exact repositories that are not granted or of an unknown registry. Patterns match what is granted.
 *
 * @throws DENIED, the same whether the repository exists or not; REGISTRY_UNKNOWN
 */
export function checkFilter(filter: Filter, grant: Grant, knowsRegistry: (host: string) => boolean): void {
  for (const key of filter.repositories) checkRepository(key, 'repository', grant, knowsRegistry);
}

/**
 * As `checkFilter`, for one repository.
 *
 * @param key `registry/repository`
 * @param parameter that names it
 */
export function checkRepository(
  key: string,
  parameter: string,
  grant: Grant,
  knowsRegistry: (host: string) => boolean,
): void {
  if (!grant.allows(key))
    throw refusalOf('DENIED', parameter, `ask for ${key}: this token does not allow it`);
  const host = key.slice(0, key.indexOf('/'));
  if (knowsRegistry(host)) return;
  const need = "is not configured here: must be one of this gateway's registries";
  throw refusalOf('REGISTRY_UNKNOWN', parameter, `ask for ${key}: registry ${host} ${need}`);
}

/** @throws DENIED if `pace=none` is asked for and not allowed */
function toPaced(pace: StreamParams['pace'], grant: Grant): boolean {
  if (pace !== 'none') return true;
  if (grant.unpaced) return false;
  throw refusalOf('DENIED', 'pace', 'subscribe with pace none: not allowed for this token');
}

/**
 * Where a subscription begins. `after` wins over `since`. A malformed position throws; one that can't be honoured
 * does not: the stream reports it.
 *
 * @param now ms since the epoch; a `since` in its future is refused
 * @throws PARAMETER_INVALID
 */
function toStart(
  params: { readonly after?: string | undefined; readonly since?: string | undefined },
  now: number,
): Start {
  if (params.after !== undefined && params.after !== '') {
    const position = parsePosition(params.after);
    if (position === null) {
      throw invalidParameter('after', `after: ${quote(params.after)}: must be <epoch>-<sequence>`);
    }
    return { kind: 'after', ...position };
  }
  if (params.since !== undefined && params.since !== '')
    return { kind: 'since', time: parseSince(params.since, now) };
  return { kind: 'live' };
}

/** A client's clock may be this far ahead of ours. */
const allowedSkewMs = 5_000;

function parseSince(text: string, now: number): number {
  const moment = parseRfc3339(text);
  if (moment === null) {
    throw invalidParameter('since', `since: ${quote(text)}: must be RFC 3339, like 2026-11-23T20:00:00Z`);
  }
  const time = moment.ms;
  if (time > now + allowedSkewMs) {
    throw invalidParameter('since', `since: ${quote(text)}: lies in the future: must not be after now`);
  }
  return Math.min(time, now);
}

/** An invalid id counts as a position that can't be honoured: a 400 would stop EventSource for good. */
export function toResume(lastEventId: string): Start {
  return { kind: 'after', ...(parsePosition(detached(lastEventId)) ?? { epoch: '', sequence: 0 }) };
}

const maxEntries = 1_000;
const maxKeyLength = 2_048;

/** Values made once for many equal requests: the latest 1,000, by strings of up to 2,048 characters. */
export class Remembered<Value> {
  readonly #known = new BoundedMap<string, Value>(maxEntries);

  get(key: string): Value | undefined {
    return this.#known.get(key);
  }

  getOrMake(key: string, make: (key: string) => Value): Value {
    return key.length > maxKeyLength ? make(key) : this.#known.getOrMake(key, make);
  }
}
