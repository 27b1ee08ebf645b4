import { z } from 'zod';
import type { Collector } from '../collector.ts';
import { type Delivery, headerOf, type WebhookKind } from '../kind.ts';
import { hostOfUrl, maybe, parseMoment, parseShape, text } from '../payload/shape.ts';
import { hmac } from '../proof/signature.ts';

const schema = z.object({
  action: text,
  package: maybe({
    type: text,
    name: text,
    version: text,
    html_url: text,
    created_at: text,
    owner: maybe({ login: text, username: text }),
  }),
});

function read(delivery: Delivery, collector: Collector): undefined {
  const body = parseShape(schema, delivery.json, 'an object as Gitea sends it');
  const about = body.package;
  if (about === undefined) collector.ignore('other-event');
  else if (about.type !== 'container') collector.ignore('not-an-image');
  else {
    const owner = about.owner?.login || about.owner?.username || '';
    const image = {
      registry: hostOfUrl(about.html_url),
      repository: `${owner}/${about.name ?? ''}`.toLowerCase(),
      tag: about.version,
      id: headerOf(delivery.headers, 'x-gitea-delivery'),
    };
    // On a delete `created_at` is still the time of the push, so the time of arrival counts.
    if (body.action === 'created') collector.pushed({ ...image, time: parseMoment(about.created_at) });
    else if (body.action === 'deleted') collector.deleted(image, 'tag');
    else collector.ignore('other-action');
  }
}

/** The headers of a signature, and what precedes it. */
export const giteaHeaders = { 'x-gitea-signature': '', 'x-hub-signature-256': 'sha256=' };

/**
 * Gitea's package events, as JSON, form or GET. They also carry GitHub's headers, so headers alone do not
 * identify them. A tag comes without digest; a version that is a digest counts as one.
 */
export const gitea: WebhookKind = {
  name: 'gitea',
  // Gitea signs the JSON even if it sends it inside a form.
  proofs: [hmac({ algorithm: 'sha256', covers: 'payload', headers: giteaHeaders })],
  media: ['form-payload'],
  allowsGet: true,
  read,
};
