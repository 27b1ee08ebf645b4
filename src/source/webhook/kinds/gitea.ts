/**
 * Gitea's package events, as JSON, form or GET. They also carry GitHub's headers, so headers alone do not
 * identify them. A tag comes without digest; a version that is a digest counts as one.
 */
import { z } from 'zod';
import { Collector } from '../collector.ts';
import { type Delivery, type HookOptions, headerOf, type Normalised, type WebhookKind } from '../kind.ts';
import { parseMoment } from '../payload/moment.ts';
import { maybe, parseShape, text } from '../payload/shape.ts';
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

function normalisePackage(delivery: Delivery, hook: HookOptions): Normalised {
  const collector = new Collector(hook);
  const body = parseShape(schema, delivery.json, 'an object as Gitea sends it');
  const about = body.package;
  if (about === undefined) collector.ignore('other-event');
  else if (about.type !== 'container') collector.ignore('not-an-image');
  else {
    const owner = about.owner?.login || about.owner?.username || '';
    const image = {
      registry: hostOf(about.html_url),
      repository: `${owner}/${about.name ?? ''}`.toLowerCase(),
      tag: about.version,
      id: headerOf(delivery.headers, 'x-gitea-delivery'),
    };
    // On a delete `created_at` is still the time of the push, so the time of arrival counts.
    if (body.action === 'created') collector.pushed({ ...image, time: parseMoment(about.created_at) });
    else if (body.action === 'deleted') collector.deleted(image, 'tag');
    else collector.ignore('other-action');
  }
  return collector.result();
}

function hostOf(url: string | undefined): string | null {
  return url !== undefined && URL.canParse(url) ? new URL(url).host : null;
}

export const gitea: WebhookKind = {
  name: 'gitea',
  proofs: [
    hmac({
      algorithm: 'sha256',
      headers: [
        { name: 'x-gitea-signature', prefix: '' },
        { name: 'x-hub-signature-256', prefix: 'sha256=' },
      ],
      // Gitea signs the JSON even if it sends it inside a form.
      covers: 'payload',
    }),
  ],
  media: ['form-payload'],
  allowsGet: true,
  normalise: normalisePackage,
};
