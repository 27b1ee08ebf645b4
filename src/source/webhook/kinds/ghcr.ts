import { z } from 'zod';
import { isDigest } from '../../../event/digest.ts';
import type { Collector } from '../collector.ts';
import { type Delivery, headerOf, type WebhookKind } from '../kind.ts';
import { maybe, number, parseShape, text } from '../payload/shape.ts';
import { hmac } from '../proof/signature.ts';

const versionShape = {
  version: text,
  name: text,
  package_url: text,
  container_metadata: maybe({
    tag: maybe({ name: text, digest: text }),
    manifest: maybe({ digest: text, media_type: text, size: number }),
  }),
};
const packageShape = {
  name: text,
  namespace: text,
  package_type: text,
  ecosystem: text,
  package_version: maybe(versionShape),
  registry: maybe({ type: text }),
};
const schema = z.object({
  action: text,
  package: maybe(packageShape),
  registry_package: maybe(packageShape),
});
type Package = NonNullable<z.infer<typeof schema>['package']>;

function read(delivery: Delivery, collector: Collector): undefined {
  const event = headerOf(delivery.headers, 'x-github-event');
  const body = parseShape(schema, delivery.json, 'an object as GitHub sends it');
  const about = body.registry_package ?? body.package;
  if (event === 'ping') collector.ignore('ping');
  // Subscribing to both events doubles every push; the second finds nothing changed.
  else if (event !== null && event !== 'package' && event !== 'registry_package') {
    collector.ignore('other-event');
  } else if (about === undefined) collector.ignore('other-event');
  else if (!isContainer(about)) collector.ignore('not-an-image');
  else if (body.action !== 'published' && body.action !== 'updated') collector.ignore('other-action');
  else readPackage(about, headerOf(delivery.headers, 'x-github-delivery'), collector);
}

/** Any of the three may be wrong or missing; case varies. */
function isContainer(about: Package): boolean {
  return [about.package_type, about.registry?.type, about.ecosystem].some((type) =>
    /^(?:container|docker)$/i.test(type ?? ''),
  );
}

function readPackage(about: Package, id: string | null, collector: Collector): void {
  const version = about.package_version;
  const { tag, manifest } = version?.container_metadata ?? {};
  const candidates = [version?.version, manifest?.digest, tag?.digest, version?.name];
  const [host, repository] = splitUrl(version?.package_url) ?? [
    'ghcr.io',
    `${about.namespace ?? ''}/${about.name ?? ''}`,
  ];
  collector.pushed({
    registry: host,
    // GitHub keeps the owner's case; the registry knows only lower case.
    repository: repository.toLowerCase(),
    tag: tag?.name,
    // Some deliveries hold git hashes in these fields: the first real digest counts.
    digest: candidates.find((digest) => digest !== undefined && isDigest(digest)),
    mediaType: manifest?.media_type,
    size: manifest?.size,
    id,
  });
}

/** `ghcr.io/owner/name:tag`; an empty tag leaves the colon. */
function splitUrl(url: string | undefined): [string, string] | null {
  const match = /^([^/]{1,255})\/([^:@]{1,255})(?:[:@].{0,255})?$/.exec(url ?? '');
  return match?.[1] === undefined || match[2] === undefined ? null : [match[1], match[2]];
}

/**
 * GitHub's container registry: `package` and `registry_package` events of a repository, organisation or App.
 * There is one event per manifest; those of an index's children have no tag. Times are often Go's year 1, so the
 * time of arrival counts.
 */
export const ghcr: WebhookKind = {
  name: 'ghcr',
  proofs: [hmac({ algorithm: 'sha256', covers: 'body', headers: { 'x-hub-signature-256': 'sha256=' } })],
  media: ['form-payload'],
  read,
};
