/** CloudEvents 1.0 over HTTP: batch, structured and binary mode (HTTP protocol binding, 3). */
import { z } from 'zod';
import { ManifeedError } from '../../../errors.ts';
import { parseMediaType } from '../body/media-type.ts';
import { type Collector, checkEventCount } from '../collector.ts';
import { type Delivery, headerOf, type Steps } from '../kind.ts';
import { list, parseInner, parseShape, text } from './shape.ts';

const attribute = z.string().min(1);
const eventSchema = z.object({
  specversion: z.literal('1.0'),
  id: attribute,
  source: attribute,
  type: attribute,
  subject: text,
  time: text,
  data: z.unknown().optional(),
  data_base64: text,
});
/** An event's attributes and data (CloudEvents 1.0). */
export type CloudEvent = Omit<z.infer<typeof eventSchema>, 'data_base64'>;

const batchType = 'application/cloudevents-batch+json';
const structuredType = 'application/cloudevents+json';
const expected = 'CloudEvents 1.0 with id, source, specversion "1.0" and type';

/**
 * Passes on each event of a delivery, one per step. Counts an element of a batch that is no CloudEvent as malformed.
 *
 * @throws BODY_INVALID if the whole delivery is no CloudEvent; UNSUPPORTED_MEDIA_TYPE for another event format;
 *   BODY_TOO_LARGE for too many events
 */
export function* readCloudEvents(
  delivery: Delivery,
  collector: Collector,
  read: (event: CloudEvent) => Steps<void> | undefined,
): Steps<void> {
  for (const event of eventsOf(delivery)) {
    yield;
    const steps = event === null ? void collector.ignore('malformed') : read(event);
    if (steps !== undefined) yield* steps;
  }
}

/** Null for an element of a batch that is no CloudEvent. */
function* eventsOf(delivery: Delivery): Generator<CloudEvent | null, void, undefined> {
  const { essence } = parseMediaType(headerOf(delivery.headers, 'content-type'));
  if (essence === batchType) {
    const batch = parseShape(list, delivery.json, `a list of ${expected}`);
    checkEventCount(batch.length);
    for (const candidate of batch) yield readOne(candidate);
    return;
  }
  if (essence === structuredType) return yield required(readOne(delivery.json));
  if (essence.startsWith('application/cloudevents')) {
    throw new ManifeedError(
      'UNSUPPORTED_MEDIA_TYPE',
      `read CloudEvents: format not taken: must be ${structuredType} or ${batchType}, or binary mode`,
    );
  }
  yield required(readBinary(delivery));
}

/** Whether the content type or a `ce-` header says that this delivery is CloudEvents. */
export function claimsCloudEvents(delivery: Delivery): boolean {
  const { essence } = parseMediaType(headerOf(delivery.headers, 'content-type'));
  return (
    essence.startsWith('application/cloudevents') || headerOf(delivery.headers, 'ce-specversion') !== null
  );
}

function required(event: CloudEvent | null): CloudEvent {
  if (event !== null) return event;
  throw new ManifeedError('BODY_INVALID', `read webhook body: unexpected shape: must be ${expected}`);
}

function readOne(candidate: unknown): CloudEvent | null {
  const parsed = eventSchema.safeParse(candidate);
  if (!parsed.success) return null;
  const { data_base64: base64, ...event } = parsed.data;
  return base64 === undefined ? event : { ...event, data: decodeData(base64) };
}

function readBinary(delivery: Delivery): CloudEvent | null {
  const of = (name: string) => {
    const value = headerOf(delivery.headers, `ce-${name}`);
    return value === null ? undefined : percentDecode(value);
  };
  const attributes = ['specversion', 'id', 'source', 'type', 'subject', 'time'].map((name) => [
    name,
    of(name),
  ]);
  return readOne({ ...Object.fromEntries(attributes), data: delivery.json });
}

function decodeData(base64: string): unknown {
  return parseInner(Buffer.from(base64, 'base64').toString('utf8'));
}

/** HTTP binding, 3.1.3.2; a badly encoded value stays as it is. */
function percentDecode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
