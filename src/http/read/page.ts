/** How a page of rows is answered: an envelope, and `Link` (RFC 8288) for clients that follow it. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { nextLink } from '../../reading/link.ts';
import { splitTarget } from '../../transport/head.ts';

export interface PageAnswer {
  /** Name of the list: `tags`. */
  readonly list: string;
  /** JSON of each row. */
  readonly rows: readonly string[];
  /** What the next request sends as `parameter`; null: there is none. */
  readonly next: string | null;
  /** The parameter that `next` is for. Default `cursor`. */
  readonly parameter?: string;
  /** Further members of the envelope, in order. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** Sends `{"<list>":[…],"next":…}`. The link has the same path and parameters, without the token. */
export function sendPage(request: FastifyRequest, reply: FastifyReply, answer: PageAnswer): FastifyReply {
  const { list, rows, next, parameter = 'cursor', more = {} } = answer;
  if (next !== null) reply.header('link', nextPage(request.url, parameter, next));
  const rest = JSON.stringify({ next, ...more }).slice(1);
  return reply
    .header('cache-control', 'no-store')
    .type('application/json; charset=utf-8')
    .send(`{"${list}":[${rows.join(',')}],${rest}`);
}

/** The header's value: the same request with another `parameter`. */
export function nextPage(url: string, parameter: string, value: string): string {
  const { path, query } = splitTarget(url);
  const next = new URLSearchParams(query);
  next.set(parameter, value);
  return nextLink(path, next);
}

/** Describes the envelope, for `/openapi.json`. */
export function pageSchema(list: string, row: z.ZodType, more: z.ZodRawShape = {}): z.ZodType {
  const next = z.string().nullable().describe('For the next page; null: this is the last one');
  return z.looseObject({ [list]: z.array(row), next, ...more });
}
