import type { Change } from '../../src/event/change.ts';
import { type Feed, type FeedSource, makeFeed } from '../../src/http/read/feed/feed.ts';
import { digestOf } from './ledger-samples.ts';

/** A move of nginx:1.27. */
export const sampleChange: Change = {
  ...{ epoch: 'j3inx9k3', sequence: 42, type: 'tag.updated', registry: 'docker.io' },
  ...{ repository: 'library/nginx', tag: '1.27', digest: digestOf('b'), previousDigest: digestOf('a') },
  ...{ mediaType: 'application/vnd.oci.image.index.v1+json', size: 1_234, origin: 'webhook:hub' },
  ...{ occurredAt: Date.UTC(2026, 10, 25, 10), recordedAt: Date.UTC(2026, 10, 25, 10, 0, 1, 5) },
};

export function feedOf(changes: readonly Change[], more: Partial<FeedSource> = {}): Feed {
  return makeFeed({
    ...{ baseUrl: 'https://gateway.example.com', path: '/v1/feed.atom', params: {}, filterKey: 'everything' },
    ...{ epoch: 'j3inx9k3', defaultRegistry: 'docker.io', changes, ...more },
  });
}
