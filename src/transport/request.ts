/**
 * Reads a request, in the same way for every transport: the query parameters of SSE and long-poll, the members of a
 * WebSocket `subscribe`. A new parameter is added to `streamShape`, and its meaning to `StreamRequest`.
 */
import { z } from 'zod';
import { ManifeedError } from '../errors.ts';
import { type Filter, parseFilter } from '../event/filter.ts';
import type { Grant } from '../event/grant.ts';
import type { Encoding } from '../fanout/sink.ts';
import type { Start } from '../fanout/subscriber.ts';
import { detached } from '../lib/detached.ts';
import { withoutToken } from './access-token.ts';
import type { Admission } from './admission.ts';
import { flag, list, parseQuery } from './parameters.ts';
import { Remembered } from './remembered.ts';
import { toStart } from './start.ts';

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
    const { repository, tag, type } = params;
    const filter = this.#filters.getOrMake(JSON.stringify([repository, tag, type]), () =>
      toFilter(params, this.#limits, typeName),
    );
    this.#filterOf.set(params, filter);
    return filter;
  }
}

function toFilter({ repository, tag, type }: StreamParams, limits: FilterLimits, typeName: string): Filter {
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

/** Refuses exact repositories that are not granted or of an unknown registry. Patterns match what is granted. */
function checkFilter(filter: Filter, grant: Grant, knowsRegistry: (host: string) => boolean): void {
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

/** @throws DENIED if `pace=none` is asked for and not allowed */
function toPaced(pace: StreamParams['pace'], grant: Grant): boolean {
  if (pace !== 'none') return true;
  if (grant.unpaced) return false;
  throw new ManifeedError('DENIED', 'subscribe with pace none: not allowed for this token', {
    detail: { parameter: 'pace' },
  });
}
