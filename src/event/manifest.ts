/** What a manifest says (OCI image-spec, image index and image manifest; Docker's, schema 2). */
import { type Digest, isDigest } from './digest.ts';
import { parseMediaType } from './media-type.ts';
import { canonicalPlatform, isUnknown, maxPlatforms, type Platforms, platformKey } from './platform.ts';

const ociIndex = 'application/vnd.oci.image.index.v1+json';
const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
const ofOnePlatform: ReadonlySet<string> = new Set([
  ociManifest,
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v1+prettyjws',
]);

/** Whether its platform stands in its config blob, which is not read here. */
export function isOfOnePlatform(mediaType: string | null): boolean {
  return mediaType !== null && ofOnePlatform.has(mediaType);
}

/** What is read of a manifest's bytes. */
export interface ManifestContent {
  readonly mediaType: string;
  /** The manifests of an index, in its order; empty for others. */
  readonly children: readonly Digest[];
  /** Null: not known, because it is no index, or because the index does not say them all. */
  readonly platforms: Platforms | null;
}

/**
 * Reads a manifest.
 *
 * @param said the media type that the registry gave, if the manifest has none; null: none
 * @returns null if the bytes are no manifest
 */
export function readManifest(bytes: Uint8Array, said: string | null): ManifestContent | null {
  const json = parseObject(bytes);
  if (json === null) return null;
  const entries = Array.isArray(json.manifests) ? json.manifests.map(memberOf) : null;
  const guessed = entries === null ? ociManifest : ociIndex;
  const mediaType = parseMediaType(textOf(json.mediaType)) ?? parseMediaType(said) ?? guessed;
  if (entries === null) return { mediaType, children: [], platforms: null };
  const children = entries.flatMap(({ digest }) =>
    typeof digest === 'string' && isDigest(digest) ? digest : [],
  );
  return { mediaType, children, platforms: readPlatforms(entries) };
}

/** Whether the bytes can be a manifest: JSON with a schema version, or with a media type of its own. */
export function isManifest(bytes: Uint8Array): boolean {
  const json = parseObject(bytes);
  return (
    json !== null &&
    (typeof json.schemaVersion === 'number' || parseMediaType(textOf(json.mediaType)) !== null)
  );
}

type Members = Readonly<Record<string, unknown>>;

/** Null if an entry has no platform: it may be of any. Of two entries of one platform, clients take the first. */
function readPlatforms(entries: readonly Members[]): Platforms | null {
  const platforms: Record<string, Digest> = {};
  for (const { digest, platform } of entries) {
    const { os, architecture, variant, 'os.version': version } = memberOf(platform);
    if (typeof os !== 'string' || typeof architecture !== 'string') return null;
    const parts = { os, architecture, variant: textOf(variant), version: textOf(version) };
    const key = platformKey(parts);
    // What nobody can ask for moves for nobody.
    if (key === null || isUnknown(canonicalPlatform(parts) ?? '')) continue;
    if (typeof digest !== 'string' || !isDigest(digest)) return null;
    if (!Object.hasOwn(platforms, key)) platforms[key] = digest;
  }
  return Object.keys(platforms).length > maxPlatforms ? null : platforms;
}

function parseObject(bytes: Uint8Array): Members | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function memberOf(value: unknown): Members {
  return isObject(value) ? value : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
