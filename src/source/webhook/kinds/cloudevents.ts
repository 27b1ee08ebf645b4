import { z } from 'zod';
import { ecrHost } from '../aws-hosts.ts';
import type { Collector } from '../collector.ts';
import type { Delivery, Steps, WebhookKind } from '../kind.ts';
import { type CloudEvent, readCloudEvents } from '../payload/cloud-event.ts';
import { maybe, number, parseMoment, text } from '../payload/shape.ts';

const dataSchema = z.object({
  registry: text,
  host: text,
  repository: text,
  repositoryName: text,
  name: text,
  tag: text,
  imageTag: text,
  reference: text,
  digest: text,
  imageDigest: text,
  mediaType: text,
  size: number,
  action: text,
  registryId: text,
  target: maybe({ repository: text, tag: text, digest: text, mediaType: text, size: number }),
  request: maybe({ host: text }),
});
type Data = z.infer<typeof dataSchema>;

const pushWords = /^(?:push(?:ed)?|created?|updated?|publish(?:ed)?|insert)$/;
const deleteWords = /^(?:deleted?|removed?)$/;

function read(delivery: Delivery, collector: Collector): Steps<void> {
  return readCloudEvents(delivery, collector, (event) => readEvent(event, collector));
}

function readEvent(event: CloudEvent, collector: Collector): undefined {
  const word = (event.type.split('.').at(-1) ?? '').toLowerCase();
  const data = collector.parse(dataSchema, event.data ?? {});
  if (data === null) return;
  const action = data.action?.toLowerCase() ?? word;
  if (action.startsWith('pull')) return void collector.ignore('pull');
  const isPush = pushWords.test(action);
  if (!isPush && !deleteWords.test(action)) return void collector.ignore('other-action');
  const image = imageOf(event, data);
  if (isPush) collector.pushed(image);
  else collector.deleted(image, 'tag');
}

function imageOf(event: CloudEvent, data: Data) {
  const subject = splitSubject(event.subject);
  const named = data.repository || data.repositoryName || data.target?.repository || data.name;
  // If the subject has another name than the data, it says nothing about this image.
  const also = named === undefined || named === subject.name ? subject : splitSubject(undefined);
  return {
    registry: data.registry || data.host || data.request?.host || sourceHost(event.source, data),
    repository: named || subject.name,
    tag: data.tag || data.imageTag || data.target?.tag || data.reference || also.tag,
    digest: data.digest || data.imageDigest || data.target?.digest || also.digest,
    mediaType: data.mediaType || data.target?.mediaType,
    size: data.size ?? data.target?.size,
    time: parseMoment(event.time),
    // The specification: source and id together are the event's identity.
    id: `${event.source}\0${event.id}`,
  };
}

/** `name`, `name:tag` or `name@digest`; anything else yields nothing. */
function splitSubject(subject: string | undefined) {
  const match = /^([^:@]{1,255})(?::([^:@]{1,128}))?(?:@(.{1,160}))?$/.exec(subject ?? '');
  return { name: match?.[1], tag: match?.[2], digest: match?.[3] };
}

/** The host of an http(s) source, or of ECR's `urn:aws:ecr:REGION:ACCOUNT:…` and `arn:…`. */
function sourceHost(source: string, data: Data): string | null {
  const [scheme, , service, region, account] = source.split(':', 6);
  if ((scheme === 'urn' || scheme === 'arn') && service === 'ecr') {
    return ecrHost(account || data.registryId, region);
  }
  const url = URL.parse(source);
  return url !== null && /^https?:$/.test(url.protocol) ? url.host : null;
}

/** CloudEvents of any sender. Registries share no vocabulary, so several names are tried for each field. */
export const cloudevents: WebhookKind = { name: 'cloudevents', handshake: true, read };
