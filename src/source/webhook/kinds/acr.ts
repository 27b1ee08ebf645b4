import { z } from 'zod';
import { type Collector, checkEventCount } from '../collector.ts';
import type { Delivery, Steps, WebhookKind } from '../kind.ts';
import { claimsCloudEvents, readCloudEvents } from '../payload/cloud-event.ts';
import { maybe, number, parseMoment, parseShape, text } from '../payload/shape.ts';

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

function read(delivery: Delivery, collector: Collector): Steps<void> | undefined {
  if (claimsCloudEvents(delivery)) {
    return readCloudEvents(delivery, collector, ({ id, time, source, data }) =>
      readEvent(data, { id, time, topic: source }, collector),
    );
  }
  if (Array.isArray(delivery.json)) return readGrid(delivery.json, collector);
  parseShape(eventSchema, delivery.json, '{"action","target",…} as ACR sends it, or a list of Event Grid');
  return readEvent(delivery.json, {}, collector);
}

function* readGrid(list: readonly unknown[], collector: Collector): Steps<void> {
  checkEventCount(list.length);
  for (const candidate of list) {
    yield;
    const event = collector.parse(gridSchema, candidate);
    if (event === null) continue;
    const { id, eventType, eventTime: time, topic, data } = event;
    if (eventType !== validationType) {
      readEvent(data, { id, time, topic }, collector);
      continue;
    }
    collector.ignore('ping');
    const validation = validationSchema.safeParse(data);
    if (!validation.success) continue;
    const body = { validationResponse: validation.data.validationCode };
    collector.answer = { status: 200, headers: {}, body };
    return;
  }
}

function readEvent(json: unknown, wrapping: Wrapping, collector: Collector): undefined {
  const event = collector.parse(eventSchema, json);
  if (event === null) return;
  const { id, timestamp, action, target, request } = event;
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

/**
 * Azure's registry: its own webhooks (one object), and Event Grid (a list, or CloudEvents) with its two
 * handshakes. Untagging sends nothing; a delete names a digest and never a tag.
 */
export const acr: WebhookKind = { name: 'acr', handshake: true, read };
