/** Amazon ECR: EventBridge events, directly, in SNS messages, or as SNS's raw delivery; and SNS subscriptions. */
import { z } from 'zod';
import { Collector } from '../collector.ts';
import type { Delivery, HookOptions, Normalised, WebhookKind } from '../kind.ts';
import { parseMoment } from '../payload/moment.ts';
import { parseInner, parseShape, text } from '../payload/shape.ts';
import { isSubscribeUrl, readSnsMessage, type SnsMessage, snsSignature } from '../proof/sns.ts';

const eventSchema = z.object({
  id: text,
  'detail-type': z.string(),
  account: text,
  time: text,
  region: text,
  detail: z.unknown().optional(),
});
type EcrEvent = z.infer<typeof eventSchema>;
const detailSchema = z.object({
  result: text,
  'repository-name': text,
  'image-digest': text,
  'action-type': text,
  'image-tag': text,
  'manifest-media-type': text,
});

function normalise(delivery: Delivery, hook: HookOptions): Normalised {
  const collector = new Collector(hook);
  const message = readSnsMessage(delivery.json);
  if (message !== null) return readMessage(message, hook, collector);
  const expected = 'an EventBridge event {"detail-type","detail",…} or an SNS message';
  readEvent(parseShape(eventSchema, delivery.json, expected), collector);
  return collector.result();
}

function readMessage(message: SnsMessage, hook: HookOptions, collector: Collector): Normalised {
  if (message.Type !== 'Notification') {
    const url = message.SubscribeURL ?? '';
    const confirm =
      message.Type === 'SubscriptionConfirmation' &&
      hook.topics?.includes(message.TopicArn) === true &&
      isSubscribeUrl(url);
    // Only topics that the operator listed: any other could be anyone's.
    collector.ignore(confirm ? 'ping' : 'unconfirmed-topic');
    return collector.result(confirm ? { follow: url } : {});
  }
  const event = eventSchema.safeParse(parseInner(message.Message));
  if (event.success) readEvent({ ...event.data, id: event.data.id ?? message.MessageId }, collector);
  else collector.ignore('malformed');
  return collector.result();
}

function readEvent(event: EcrEvent, collector: Collector): void {
  if (event['detail-type'] !== 'ECR Image Action') return void collector.ignore('other-event');
  const parsed = detailSchema.safeParse(event.detail);
  if (!parsed.success) return void collector.ignore('malformed');
  const detail = parsed.data;
  if (detail.result !== undefined && detail.result !== 'SUCCESS') return void collector.ignore('failed');
  const image = {
    registry: hostOf(event.account, event.region),
    repository: detail['repository-name'],
    tag: detail['image-tag'],
    digest: detail['image-digest'],
    mediaType: detail['manifest-media-type'],
    time: parseMoment(event.time),
    id: event.id,
  };
  if (detail['action-type'] === 'PUSH') collector.pushed(image);
  // With a tag it may only be untagged. If the digest went too, the other tags' events or a poll say so.
  else if (detail['action-type'] === 'DELETE') collector.deleted(image, 'tag');
  else collector.ignore('other-action');
}

/** @returns null if either part is not what AWS would send */
export function hostOf(account: string | undefined, region: string | undefined): string | null {
  if (!/^[0-9]{12}$/.test(account ?? '') || !/^[a-z]{2}(?:-[a-z]+)+-[0-9]+$/.test(region ?? '')) return null;
  return `${account}.dkr.ecr.${region}.amazonaws.com${region?.startsWith('cn-') ? '.cn' : ''}`;
}

export const ecr: WebhookKind = {
  name: 'ecr',
  proofs: [snsSignature],
  media: ['text'],
  tokenHeaders: ['authorization', 'x-api-key'],
  normalise,
};
