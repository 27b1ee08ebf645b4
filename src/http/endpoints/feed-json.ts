import { z } from 'zod';
import { changeSchema, type Endpoint } from '../endpoint.ts';
import { feedEndpoint } from '../read/feed/endpoint.ts';
import { toJsonFeed } from '../read/feed/json.ts';
import type { Reads } from '../read/reads.ts';

const itemSchema = z.looseObject({
  id: z.string(),
  url: z.string(),
  title: z.string(),
  content_html: z.string(),
  date_published: z.string(),
  tags: z.array(z.string()),
  _manifeed: changeSchema,
});

/** `GET /v1/feed.json`: the newest changes for feed readers, and for programs that poll. */
export function getFeedJson(reads: Reads): Endpoint {
  return feedEndpoint(reads, {
    path: '/v1/feed.json',
    name: 'JSON Feed 1.1',
    mediaType: 'application/feed+json',
    schema: z.looseObject({
      version: z.string(),
      title: z.string(),
      feed_url: z.string(),
      items: z.array(itemSchema),
    }),
    write: toJsonFeed,
  });
}
