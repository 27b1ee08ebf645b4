import { z } from 'zod';
import { type Collector, checkEventCount } from '../collector.ts';
import type { Delivery, Steps, WebhookKind } from '../kind.ts';
import { hostOfUrl, list, maybe, number, parseMoment, parseShape, text, time } from '../payload/shape.ts';

const eventSchema = z.object({
  id: text,
  timestamp: time,
  action: z.string(),
  target: z.object({
    mediaType: text,
    size: number,
    length: number,
    digest: text,
    repository: z.string(),
    url: text,
    tag: text,
  }),
  request: maybe({ host: text }),
});

const envelopeSchema = z.object({ events: list });

/** Reads a notification envelope. @throws BODY_INVALID, BODY_TOO_LARGE */
export function* readEnvelope(delivery: Delivery, collector: Collector): Steps<void> {
  const { events } = parseShape(envelopeSchema, delivery.json, 'an envelope {"events":[…]}');
  checkEventCount(events.length);
  for (const candidate of events) {
    yield;
    // An odd event must not block the queue: Distribution repeats a refused envelope for ever.
    const event = collector.parse(eventSchema, candidate);
    if (event === null) continue;
    const { action, target } = event;
    const image = {
      registry: event.request?.host || hostOfUrl(target.url),
      repository: target.repository,
      tag: target.tag,
      digest: target.digest,
      mediaType: target.mediaType,
      size: target.size ?? target.length,
      time: parseMoment(event.timestamp),
      id: event.id,
    };
    if (action === 'push' && isManifest(target)) collector.pushed(image);
    else if (action === 'push') collector.ignore('blob');
    // A blob's delete looks exactly like a manifest's: the ledger counts only digests that it knows.
    else if (action === 'delete' && (target.tag || target.digest)) collector.deleted(image, 'tag');
    else if (action === 'delete') collector.repositoryDeleted(image);
    else if (action === 'pull' || action === 'mount') collector.ignore(action);
    else collector.ignore('other-action');
  }
}

/** Blobs and layers are pushed with the same action; only a manifest has a tag or a manifest's URL or type. */
function isManifest(target: z.infer<typeof eventSchema>['target']): boolean {
  if (target.tag) return true;
  if (target.url?.includes('/manifests/')) return true;
  if (target.url?.includes('/blobs/')) return false;
  return /manifest|\.index\./.test(target.mediaType ?? '');
}

/** CNCF Distribution's notification envelope, which GitLab's container registry uses too. */
export const distribution: WebhookKind = { name: 'distribution', read: readEnvelope };
