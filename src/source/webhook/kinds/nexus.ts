import { z } from 'zod';
import type { Collector } from '../collector.ts';
import { type Delivery, headerOf, type WebhookKind } from '../kind.ts';
import { maybe, parseMoment, parseShape, text } from '../payload/shape.ts';
import { hmac } from '../proof/signature.ts';

const schema = z.object({
  timestamp: text,
  action: text,
  component: maybe({ format: text, name: text, version: text }),
});

function read(delivery: Delivery, collector: Collector): undefined {
  const { timestamp, action, component } = parseShape(schema, delivery.json, 'an object as Nexus sends it');
  // The webhook `rm:repository:asset` reports every layer; PURGED names internal ids only.
  if (component === undefined) collector.ignore('other-event');
  else if (component.format !== 'docker') collector.ignore('not-an-image');
  else {
    const image = {
      repository: component.name,
      tag: component.version,
      time: parseMoment(timestamp),
      id: headerOf(delivery.headers, 'x-nexus-webhook-delivery'),
    };
    if (action === 'CREATED' || action === 'UPDATED') collector.pushed(image);
    else if (action === 'DELETED') collector.deleted(image, 'tag');
    else collector.ignore('other-action');
  }
}

/** Sonatype Nexus: repository webhooks of type component. They name no host and no digest. */
export const nexus: WebhookKind = {
  name: 'nexus',
  proofs: [hmac({ algorithm: 'sha1', covers: 'body', headers: { 'x-nexus-webhook-signature': '' } })],
  required: ['registry'],
  read,
};
