/**
 * Azure's registry: its own webhooks (one object), and Event Grid (a list, or CloudEvents) with its two
 * handshakes. Untagging sends nothing; a delete names a digest and never a tag.
 */
import { z } from 'zod';
import { Collector, checkEventCount } from '../collector.ts';
import type { Delivery, HookOptions, Normalised, WebhookKind } from '../kind.ts';
import { claimsCloudEvents, readCloudEvents } from '../payload/cloud-event.ts';
import { parseMoment } from '../payload/moment.ts';
import { maybe, number, parseShape, text } from '../payload/shape.ts';
import type { Steps } from '../payload/steps.ts';

const eventSchema = z.object({
  id: text,
  timestamp: text,
  action: z.string(),
  target: maybe({ mediaType: text, size: number, length: number, digest: text, repository: text, tag: text }),
  request: maybe({ host: text }),
});
const gridSchema = z.object({
  id: text,
  eventType: z.string(),
  topic: text,
  eventTime: text,
  data: z.unknown().optional(),
});
const validationSchema = z.object({ validationCode: z.string().max(512) });
const validationType = 'Microsoft.EventGrid.SubscriptionValidationEvent';

interface Wrapping {
  readonly id?: string | undefined;
  readonly time?: string | undefined;
  /** A resource id that ends in `/registries/<name>`. */
  readonly topic?: string | undefined;
}

function* normalise(delivery: Delivery, hook: HookOptions): Steps<Normalised> {
  const collector = new Collector(hook);
  if (claimsCloudEvents(delivery)) {
    for (const event of readCloudEvents(delivery)) {
      yield;
      if (event === null) collector.ignore('malformed');
      else readEvent(event.data, { id: event.id, time: event.time, topic: event.source }, collector);
    }
    return collector.result();
  }
  if (Array.isArray(delivery.json)) return yield* readGrid(delivery.json, collector);
  parseShape(eventSchema, delivery.json, '{"action","target",…} as ACR sends it, or a list of Event Grid');
  readEvent(delivery.json, {}, collector);
  return collector.result();
}

function* readGrid(list: readonly unknown[], collector: Collector): Steps<Normalised> {
  checkEventCount(list.length);
  for (const candidate of list) {
    yield;
    const event = gridSchema.safeParse(candidate);
    if (!event.success) collector.ignore('malformed');
    else if (event.data.eventType === validationType) {
      const validation = validationSchema.safeParse(event.data.data);
      collector.ignore('ping');
      if (!validation.success) continue;
      const body = { validationResponse: validation.data.validationCode };
      return collector.result({ answer: { status: 200, headers: {}, body } });
    } else {
      const { id, eventTime, topic, data } = event.data;
      readEvent(data, { id, time: eventTime, topic }, collector);
    }
  }
  return collector.result();
}

function readEvent(json: unknown, wrapping: Wrapping, collector: Collector): void {
  const parsed = eventSchema.safeParse(json);
  if (!parsed.success) return void collector.ignore('malformed');
  const { id, timestamp, action, target, request } = parsed.data;
  const image = {
    registry: request?.host || hostOf(wrapping.topic),
    repository: target?.repository,
    tag: target?.tag,
    digest: target?.digest,
    mediaType: target?.mediaType,
    size: target?.size ?? target?.length,
    time: parseMoment(timestamp) ?? parseMoment(wrapping.time),
    id: id ?? wrapping.id,
  };
  if (action === 'push') collector.pushed(image);
  else if (action === 'delete') collector.deleted(image, 'all');
  else if (action === 'ping') collector.ignore('ping');
  else collector.ignore(action.startsWith('chart_') ? 'not-an-image' : 'other-action');
}

function hostOf(topic: string | undefined): string | null {
  const name = /\/registries\/([a-z0-9]{5,50})$/i.exec(topic ?? '')?.[1];
  return name === undefined ? null : `${name.toLowerCase()}.azurecr.io`;
}

export const acr: WebhookKind = { name: 'acr', handshake: true, normalise };
