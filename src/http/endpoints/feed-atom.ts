import { z } from 'zod';
import type { Endpoint } from '../endpoint.ts';
import { toAtom } from '../read/feed/atom.ts';
import { feedEndpoint } from '../read/feed/endpoint.ts';
import type { Reads } from '../read/reads.ts';

/** `GET /v1/feed.atom`: the newest changes for feed readers. */
export function getFeedAtom(reads: Reads): Endpoint {
  return feedEndpoint(reads, {
    path: '/v1/feed.atom',
    name: 'Atom (RFC 4287)',
    mediaType: 'application/atom+xml',
    schema: z.string(),
    write: toAtom,
  });
}
