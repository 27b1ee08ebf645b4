/** zot: CloudEvents, binary over HTTP; structured ones work too. They name no host. */
import { z } from 'zod';
import { Collector } from '../collector.ts';
import type { Delivery, HookOptions, Normalised, WebhookKind } from '../kind.ts';
import { type CloudEvent, readCloudEvents } from '../payload/cloud-event.ts';
import { parseMoment } from '../payload/moment.ts';
import { text } from '../payload/shape.ts';
import type { Steps } from '../payload/steps.ts';

const dataSchema = z.object({ name: z.string(), reference: text, digest: text, mediaType: text });

function* normalise(delivery: Delivery, hook: HookOptions): Steps<Normalised> {
  const collector = new Collector(hook);
  for (const event of readCloudEvents(delivery)) {
    yield;
    if (event === null) collector.ignore('malformed');
    else readEvent(event, collector);
  }
  return collector.result();
}

function readEvent(event: CloudEvent, collector: Collector): void {
  const isPush = event.type === 'zotregistry.image.updated';
  if (!isPush && event.type !== 'zotregistry.image.deleted') return void collector.ignore('other-event');
  const parsed = dataSchema.safeParse(event.data);
  if (!parsed.success) return void collector.ignore('malformed');
  const { name, reference, digest, mediaType } = parsed.data;
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

export const zot: WebhookKind = { name: 'zot', required: ['registry'], normalise };
