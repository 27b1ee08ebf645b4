/** Sonatype Nexus: repository webhooks of type component. They name no host and no digest. */
import { z } from 'zod';
import { Collector } from '../collector.ts';
import { type Delivery, type HookOptions, headerOf, type Normalised, type WebhookKind } from '../kind.ts';
import { parseMoment } from '../payload/moment.ts';
import { maybe, parseShape, text } from '../payload/shape.ts';
import { hmac } from '../proof/signature.ts';

const schema = z.object({
  timestamp: text,
  action: text,
  component: maybe({ format: text, name: text, version: text }),
});

function normalise(delivery: Delivery, hook: HookOptions): Normalised {
  const collector = new Collector(hook);
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
  return collector.result();
}

export const nexus: WebhookKind = {
  name: 'nexus',
  proofs: [
    hmac({
      algorithm: 'sha1',
      headers: [{ name: 'x-nexus-webhook-signature', prefix: '' }],
      covers: 'body',
    }),
  ],
  required: ['registry'],
  normalise,
};
