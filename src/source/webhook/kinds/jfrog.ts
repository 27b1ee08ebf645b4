import { z } from 'zod';
import { bodyId, type Collector } from '../collector.ts';
import type { Delivery, HookOptions, WebhookKind } from '../kind.ts';
import { hostOfUrl, maybe, number, parseShape, text } from '../payload/shape.ts';
import { hmac } from '../proof/signature.ts';

const schema = z.object({
  domain: z.string(),
  event_type: text,
  data: maybe({ repo_key: text, sha256: text, size: number, image_name: text, tag: text }),
  jpd_origin: text,
});

function read(delivery: Delivery, collector: Collector, hook: HookOptions): undefined {
  const expected = '{"domain","event_type","data":{…}} as Artifactory sends it';
  const body = parseShape(schema, delivery.json, expected);
  const action = body.event_type;
  // The domain `artifact` reports the same push again, as files.
  if (body.domain !== 'docker') collector.ignore('other-event');
  else if (body.data === undefined) collector.ignore('malformed');
  else {
    const { repo_key: key = '', image_name: name = '', tag, sha256, size } = body.data;
    const registry = hook.registry ?? hostOfUrl(body.jpd_origin);
    const image = {
      registry,
      repository: repositoryOf(registry, key, name),
      tag,
      digest: sha256 ? `sha256:${sha256.replace(/^sha256:/, '')}` : null,
      size,
      ...bodyId(delivery),
    };
    if (action === 'pushed' || action === 'promoted') collector.pushed(image);
    else if (action === 'deleted') collector.deleted({ ...image, digest: tag ? null : image.digest }, 'tag');
    else collector.ignore('other-action');
  }
}

/** The repository key is the first part of the path or, with the subdomain method, of the host name. */
function repositoryOf(registry: string | null, key: string, name: string): string {
  return key === '' || registry?.startsWith(`${key}.`) === true ? name : `${key}/${name}`;
}

/** Artifactory, domain `docker`. `X-JFrog-Event-Auth` holds the secret or an HMAC (`use_secret_for_signing`). */
export const jfrog: WebhookKind = {
  name: 'jfrog',
  proofs: [
    hmac({
      algorithm: 'sha256',
      covers: 'body',
      headers: { 'x-jfrog-event-auth': '' },
      orSecretItself: true,
    }),
  ],
  tokenHeaders: ['authorization', 'x-jfrog-event-auth'],
  read,
};
