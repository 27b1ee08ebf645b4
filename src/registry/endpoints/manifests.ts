import { parseDigest } from '../../event/digest.ts';
import { isTag } from '../../event/reference.ts';
import type { RegistryAnswer, RegistryEndpoint, RepositoryRequest } from '../endpoint.ts';
import { digestInvalid, manifestUnknown } from '../errors.ts';
import type { Descriptor, PartOfDescriptor } from '../freshness.ts';
import type { Manifests } from '../manifests.ts';
import type { Tags } from '../tags.ts';
import type { Tallies, Tally } from '../tally.ts';

export interface ManifestParts {
  readonly tags: Tags;
  readonly manifests: Manifests;
  readonly tallies: Tallies;
}

/** `HEAD` and `GET /v2/<name>/manifests/<tag or digest>`. `Accept` is not matched: watchtower's lacks what it takes. */
export function manifests(parts: ManifestParts): RegistryEndpoint {
  return {
    of: 'repository',
    route: ['manifests', '*'],
    handle: (request) => parts.tallies.count((tally) => answer(request, parts, tally)),
  };
}

async function answer(
  request: RepositoryRequest,
  parts: ManifestParts,
  tally: Tally,
): Promise<RegistryAnswer> {
  const { argument } = request;
  const isDigest = argument.includes(':');
  const digest = isDigest ? parseDigest(argument) : null;
  if (isDigest && digest === null) throw digestInvalid();
  // No tag can be named so.
  if (!isDigest && !isTag(argument)) throw manifestUnknown(request.name, argument);
  if (request.method === 'GET') request.enter();
  else request.ask();
  const unknown = () => manifestUnknown(request.name, argument);
  if (digest !== null) {
    const held = await parts.manifests.find(request, digest, tally);
    return (await serve(request, parts, held, tally)) ?? raise(unknown());
  }
  const known = await parts.tags.resolve(request, argument, tally);
  const isCertain = tally.hasAsked || tally.isShared;
  const answered = await serve(request, parts, known, tally);
  if (answered !== null) return answered;
  if (isCertain) throw unknown();
  // The tag has moved, and what it pointed at is gone from the registry: look where it points now.
  const now = await parts.tags.resolve(request, argument, tally, true);
  return (await serve(request, parts, now, tally)) ?? raise(unknown());
}

function raise(error: Error): never {
  throw error;
}

/** Null: the registry does not have it any more. */
async function serve(
  request: RepositoryRequest,
  { manifests }: ManifestParts,
  part: PartOfDescriptor,
  tally: Tally,
): Promise<RegistryAnswer | null> {
  if (request.method === 'HEAD') {
    const described = await manifests.describe(request, part, tally);
    if (described === null) return null;
    return { headers: { ...headersOf(described), 'content-length': String(described.size) } };
  }
  const manifest = await manifests.read(request, part, tally);
  return manifest === null ? null : { headers: headersOf(manifest), body: manifest.bytes };
}

function headersOf({ digest, mediaType }: Descriptor): Readonly<Record<string, string>> {
  return { 'content-type': mediaType, 'docker-content-digest': digest, etag: `"${digest}"` };
}
