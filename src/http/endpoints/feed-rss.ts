import { z } from 'zod';
import type { Endpoint } from '../endpoint.ts';
import { feedEndpoint } from '../read/feed/endpoint.ts';
import { toRss } from '../read/feed/rss.ts';
import type { Reads } from '../read/reads.ts';

/** `GET /v1/feed.rss`: the newest changes for feed readers that know no Atom. */
export function getFeedRss(reads: Reads): Endpoint {
  return feedEndpoint(reads, {
    path: '/v1/feed.rss',
    name: 'RSS 2.0',
    mediaType: 'application/rss+xml',
    schema: z.string(),
    write: toRss,
  });
}
