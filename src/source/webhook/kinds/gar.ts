import { z } from 'zod';
import { ManifeedError } from '../../../errors.ts';
import { parseReference, type Reference } from '../../../event/reference.ts';
import type { Collector } from '../collector.ts';
import { type Delivery, headerOf, type WebhookKind } from '../kind.ts';
import { parseInner, parseMoment, parseShape, text } from '../payload/shape.ts';
import { googleToken } from '../proof/oidc.ts';

const wrappedSchema = z.object({
  message: z.object({
    data: text,
    messageId: text,
    message_id: text,
    publishTime: text,
    publish_time: text,
  }),
});
const dataSchema = z.object({ action: z.string(), digest: text, tag: text });

function read(delivery: Delivery, collector: Collector): undefined {
  const wrapped = wrappedSchema.safeParse(delivery.json);
  if (wrapped.success) {
    const { message } = wrapped.data;
    const data = parseInner(Buffer.from(message.data ?? '', 'base64').toString('utf8'));
    const time = message.publishTime ?? message.publish_time;
    return readData(data, message.messageId ?? message.message_id, time, collector);
  }
  const expected = '{"message":{"data",…}} or {"action","digest"?,"tag"?} as Pub/Sub sends it';
  const data = parseShape(dataSchema, delivery.json, expected);
  const id = headerOf(delivery.headers, 'x-goog-pubsub-message-id');
  return readData(data, id, headerOf(delivery.headers, 'x-goog-pubsub-publish-time'), collector);
}

function readData(
  json: unknown,
  id: string | null | undefined,
  time: string | null | undefined,
  collector: Collector,
): undefined {
  const event = collector.parse(dataSchema, json);
  if (event === null) return;
  const { action, digest, tag } = event;
  const byTag = tag ? readReference(tag) : null;
  const byDigest = digest ? readReference(digest) : null;
  const names = byTag ?? byDigest;
  if ((tag && byTag === null) || (digest && byDigest === null))
    return void collector.ignore('invalid-reference');
  if (names === null) return void collector.ignore('no-tag-or-digest');
  const image = {
    registry: names.registry,
    repository: names.repository,
    tag: byTag?.tag,
    digest: byDigest?.digest ?? byTag?.digest,
    time: parseMoment(time),
    id,
  };
  if (action === 'INSERT') collector.pushed(image);
  else if (action === 'DELETE') collector.deleted(image, 'tag');
  else collector.ignore('other-action');
}

/** Null: not a full reference. */
function readReference(full: string): Reference | null {
  try {
    return parseReference(full);
  } catch (error) {
    if (error instanceof ManifeedError) return null;
    throw error;
  }
}

/**
 * Google Artifact Registry over a Pub/Sub push subscription, wrapped (`message.data` in base64) or unwrapped (the
 * body is the data). Pub/Sub repeats a refused message for days, so only a body that is no Pub/Sub message at all
 * is refused.
 */
export const gar: WebhookKind = { name: 'gar', proofs: [googleToken], media: ['octets', 'text'], read };
