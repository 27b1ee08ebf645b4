import { z } from 'zod';
import { type Collector, checkEventCount } from '../collector.ts';
import type { Delivery, Steps, WebhookKind } from '../kind.ts';
import { parseShape, text } from '../payload/shape.ts';

const schema = z.object({
  repository: text,
  namespace: text,
  name: text,
  docker_url: text,
  updated_tags: z.unknown().optional(),
});

function* read(delivery: Delivery, collector: Collector): Steps<void> {
  const body = parseShape(schema, delivery.json, 'an object as Quay sends it');
  const tags = tagsOf(body.updated_tags);
  if (tags.length === 0) collector.ignore('other-event');
  const slash = body.docker_url?.indexOf('/') ?? -1;
  const host = slash === -1 ? null : body.docker_url?.slice(0, slash);
  const inUrl = slash === -1 ? undefined : body.docker_url?.slice(slash + 1);
  const repository = body.repository || inUrl || `${body.namespace ?? ''}/${body.name ?? ''}`;
  checkEventCount(tags.length);
  for (const tag of tags) {
    yield;
    if (typeof tag === 'string') collector.pushed({ registry: host, repository, tag });
    else collector.ignore('malformed');
  }
}

/** A list of names; older versions sent an object from name to image id. */
function tagsOf(updated: unknown): readonly unknown[] {
  if (Array.isArray(updated)) return updated;
  return typeof updated === 'object' && updated !== null ? Object.keys(updated) : [];
}

/**
 * Quay: pushes of tags without digest, time or id. No field names the event: a push is what has `updated_tags`;
 * builds, scans, mirrors and quotas may be sent to the same URL.
 *
 * No id is derived from the body: two pushes of one tag can be identical, and the second would be lost as a
 * duplicate. Each is completed by a HEAD, which tells them apart.
 */
export const quay: WebhookKind = { name: 'quay', read };
