/**
 * What the endpoints share that read the index and the log: who asks, for what, and how many at once. An endpoint gets
 * a `Reading`, which bounds what its request reads.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Filter } from '../../event/filter.ts';
import type { Grant } from '../../event/grant.ts';
import type { LedgerQueries } from '../../ledger/queries.ts';
import type { Readers } from '../../reading/readers.ts';
import type { Reading } from '../../reading/reading.ts';
import type { Admission } from '../../transport/admission.ts';
import { requestTokenOf, splitTarget } from '../../transport/head.ts';
import { parseQuery } from '../../transport/parameters.ts';
import {
  checkFilter,
  checkRepository,
  type FilterLimits,
  Remembered,
  type StreamParams,
  streamShape,
  toFilter,
} from '../../transport/request.ts';
import { readerOf } from './reader.ts';

/** The part of a filter that a query may give: the same as a subscription's. */
export const filterShape = {
  repository: streamShape.repository,
  tag: streamShape.tag,
  type: streamShape.type,
};

/** How many rows, and where to go on. */
export const pageShape = {
  n: z.string().optional().describe('Most rows in one answer, 1–1,000. Default 100'),
  cursor: z
    .string()
    .optional()
    .describe('`next` of the page before; all other parameters as there, except `n`'),
};
export const defaultRows = 100;

export interface ReadsOptions {
  readonly ledger: LedgerQueries;
  readonly admission: Pick<Admission, 'authorise' | 'knowsRegistry'> & { check(): void };
  readonly limits: FilterLimits;
  readonly readers: Readers;
}

export class Reads {
  readonly ledger: LedgerQueries;
  readonly defaultRegistry: string;
  readonly knowsRegistry: (host: string) => boolean;
  readonly #admission: ReadsOptions['admission'];
  readonly #limits: FilterLimits;
  readonly #filters = new Remembered<Filter>();
  readonly #readers: Readers;

  constructor({ ledger, admission, limits, readers }: ReadsOptions) {
    this.ledger = ledger;
    this.defaultRegistry = limits.defaultRegistry;
    this.knowsRegistry = admission.knowsRegistry;
    this.#admission = admission;
    this.#limits = limits;
    this.#readers = readers;
  }

  /**
   * Reads for one request.
   *
   * @throws DRAINING, UNAUTHORIZED, TOO_MANY_REQUESTS, TOO_MANY_CONNECTIONS, and what `read` throws
   */
  async serve<T>(
    request: FastifyRequest,
    reply: FastifyReply,
    read: (reading: Reading) => Promise<T>,
  ): Promise<T> {
    this.#admission.check();
    const grant = this.#admission.authorise(requestTokenOf(request));
    return read(this.#readers.enter(readerOf(request, reply, grant)));
  }

  /** The parameters of a request. @throws PARAMETER_INVALID naming the parameter */
  query<Shape extends z.ZodRawShape>(
    request: FastifyRequest,
    schema: z.ZodObject<Shape, z.core.$strict>,
  ): z.infer<z.ZodObject<Shape, z.core.$strict>> {
    return parseQuery(new URLSearchParams(splitTarget(request.url).query), schema);
  }

  /**
   * What a request asks for, as a subscription would be read.
   *
   * @throws PARAMETER_INVALID naming the parameter; DENIED; REGISTRY_UNKNOWN
   */
  filter(params: Partial<Pick<StreamParams, 'repository' | 'tag' | 'type'>>, grant: Grant): Filter {
    const { repository, tag, type } = params;
    const filter = this.#filters.getOrMake(JSON.stringify([repository, tag, type]), () =>
      toFilter({ repository, tag, type }, this.#limits),
    );
    checkFilter(filter, grant, this.knowsRegistry);
    return filter;
  }

  /** @param key `registry/repository` @throws DENIED, REGISTRY_UNKNOWN, naming the parameter, as `filter` */
  requireRepository(key: string, parameter: string, grant: Grant): void {
    checkRepository(key, parameter, grant, this.knowsRegistry);
  }
}
