import { z } from 'zod';
import { ecrHost } from '../aws-hosts.ts';
import type { Collector } from '../collector.ts';
import type { Delivery, HookOptions, WebhookKind } from '../kind.ts';
import { parseInner, parseMoment, parseShape, text } from '../payload/shape.ts';
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

function read(delivery: Delivery, collector: Collector, hook: HookOptions): undefined {
  const message = readSnsMessage(delivery.json);
  if (message !== null) return readMessage(message, hook, collector);
  const expected = 'an EventBridge event {"detail-type","detail",…} or an SNS message';
  return readEvent(parseShape(eventSchema, delivery.json, expected), collector);
}

function readMessage(message: SnsMessage, hook: HookOptions, collector: Collector): undefined {
  if (message.Type !== 'Notification') {
    const url = message.SubscribeURL ?? '';
    const confirm =
      message.Type === 'SubscriptionConfirmation' &&
      hook.topics?.includes(message.TopicArn) === true &&
      isSubscribeUrl(url);
    // Only topics that the operator listed: any other could be anyone's.
    collector.ignore(confirm ? 'ping' : 'unconfirmed-topic');
    if (confirm) collector.follow = url;
    return;
  }
  const event = collector.parse(eventSchema, parseInner(message.Message));
  if (event !== null) readEvent({ ...event, id: event.id ?? message.MessageId }, collector);
}

function readEvent(event: EcrEvent, collector: Collector): undefined {
  if (event['detail-type'] !== 'ECR Image Action') return void collector.ignore('other-event');
  const detail = collector.parse(detailSchema, event.detail);
  if (detail === null) return;
  if (detail.result !== undefined && detail.result !== 'SUCCESS') return void collector.ignore('failed');
  const image = {
    registry: ecrHost(event.account, event.region),
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

/** Amazon ECR: EventBridge events, directly, in SNS messages, or as SNS's raw delivery; and SNS subscriptions. */
export const ecr: WebhookKind = {
  name: 'ecr',
  proofs: [snsSignature],
  media: ['text'],
  tokenHeaders: ['authorization', 'x-api-key'],
  read,
};
