import { z } from 'zod';
import type { Collector } from '../collector.ts';
import type { Delivery, Steps, WebhookKind } from '../kind.ts';
import { type CloudEvent, readCloudEvents } from '../payload/cloud-event.ts';
import { parseMoment, text } from '../payload/shape.ts';

const dataSchema = z.object({ name: z.string(), reference: text, digest: text, mediaType: text });

function read(delivery: Delivery, collector: Collector): Steps<void> {
  return readCloudEvents(delivery, collector, (event) => readEvent(event, collector));
}

function readEvent(event: CloudEvent, collector: Collector): undefined {
  const isPush = event.type === 'zotregistry.image.updated';
  if (!isPush && event.type !== 'zotregistry.image.deleted') return void collector.ignore('other-event');
  const data = collector.parse(dataSchema, event.data);
  if (data === null) return;
  const { name, reference, digest, mediaType } = data;
  const image = {
    repository: name,
    // A tag or a digest; the collector tells them apart.
    tag: reference,
    digest,
    mediaType,
    time: parseMoment(event.time),
    id: `${event.source}\0${event.id}`,
  };
  if (isPush) collector.pushed(image);
  else collector.deleted(image, 'tag');
}

/** zot: CloudEvents, binary over HTTP; structured ones work too. They name no host. */
export const zot: WebhookKind = { name: 'zot', required: ['registry'], read };
