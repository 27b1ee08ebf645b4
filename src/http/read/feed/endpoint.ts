/** What the feeds of all formats share: an endpoint that reads changes, and the validator by which readers ask again. */
import { hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Reading } from '../../../reading/reading.ts';
import { matchesTag } from '../../../registry/api.ts';
import { parseCount } from '../../../transport/parameters.ts';
import type { Endpoint } from '../../endpoint.ts';
import { baseUrlOf } from '../base-url.ts';
import { readChanges } from '../changes.ts';
import { defaultRows, filterShape, pageShape, type Reads } from '../reads.ts';
import { type Feed, makeFeed } from './feed.ts';

const querySchema = z.strictObject({ ...filterShape, n: pageShape.n });

export interface FeedFormat {
  readonly path: string;
  /** As people call it. */
  readonly name: string;
  readonly mediaType: string;
  /** Describes the document, for `/openapi.json`. */
  readonly schema: z.ZodType;
  /** The document, in parts. */
  readonly write: (feed: Feed) => Iterable<string>;
}

/** `GET` of one format. */
export function feedEndpoint(reads: Reads, format: FeedFormat): Endpoint {
  const { path, name, mediaType, schema, write } = format;
  return {
    method: 'get',
    path,
    summary: `The newest changes as ${name}`,
    description: 'Ask again with `If-None-Match`: 304 while nothing has changed.',
    tag: 'index',
    mayCall: 'subscriber',
    answersHead: true,
    query: querySchema,
    responses: {
      200: { description: 'Newest first', mediaType, schema },
      304: { description: 'Not modified' },
    },
    errors: [
      ...(['PARAMETER_INVALID', 'REGISTRY_UNKNOWN', 'DENIED', 'POSITION_GONE'] as const),
      ...(['TOO_MANY_REQUESTS', 'UNAVAILABLE'] as const),
    ],
    handle: (request, reply) =>
      reads.serve(request, reply, async (reading) => {
        const params = reads.query(request, querySchema);
        const filter = reads.filter(params, reading.grant);
        const n = parseCount(params.n) ?? defaultRows;
        const { changes, bounds } = await readChanges(reads.ledger, reading, {
          filter,
          before: undefined,
          n,
        });
        const feed = makeFeed({
          ...{ baseUrl: baseUrlOf(request), path, params, filterKey: filter.key },
          ...{ epoch: bounds.epoch, defaultRegistry: reads.defaultRegistry, changes },
        });
        return send(request, reply, mediaType, await joined(write(feed), reading));
      }),
  };
}

/** What a part costs, in steps of judging: a thousand of them must not be written in one turn of the event loop. */
const stepsPerPart = 300;

async function joined(parts: Iterable<string>, reading: Reading): Promise<Buffer> {
  const written: string[] = [];
  for (const part of parts) {
    written.push(part);
    await (reading.spend(stepsPerPart) ?? undefined);
  }
  return Buffer.from(written.join(''));
}

/**
 * No `Last-Modified`: two changes may come within its one second, and retention or another grant changes the feed
 * without a newer change. A client that asked by it would miss something.
 */
function send(
  { method, headers }: FastifyRequest,
  reply: FastifyReply,
  mediaType: string,
  document: Buffer,
): FastifyReply {
  const etag = `"${hash('sha256', document, 'base64url')}"`;
  // A token decides what is in it: no shared cache may keep it, and a reader's own asks each time.
  void reply.headers({ etag, 'cache-control': 'private, no-cache' });
  // As bytes: fastify adds a charset to the type of a string, and JSON Feed's has none.
  if (!matchesTag(headers['if-none-match'], etag)) return reply.type(mediaType).send(document);
  reply.code(304);
  // For HEAD fastify makes of the body the length that a 200 would have, and sends no body.
  return method === 'HEAD' ? reply.type(mediaType).send(document) : reply.send();
}
