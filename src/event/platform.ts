/**
 * Platforms (OCI image-spec, image index, "platform"), as `os/architecture[/variant]`: in canonical form, two names of
 * the same platform are equal. The spellings that are folded are those of containerd's `platforms.Normalize`.
 */
import { invalidParameter } from '../errors.ts';
import type { Digest } from './digest.ts';

/**
 * Platform to the digest of its manifest. If an index has several of one platform for different versions of the system
 * (Windows), the version stands in the key, as containerd writes it: `windows(10.0.20348.1)/amd64`.
 */
export type Platforms = Readonly<Record<string, Digest>>;

/**
 * An index with more platforms counts as one whose platforms are not known: each change carries them all, and a message
 * must stay below 16 KiB.
 */
export const maxPlatforms = 32;

const partGrammar = /^[a-z0-9][a-z0-9._-]{0,31}$/;
const versionGrammar = /^[A-Za-z0-9._-]{1,64}$/;
const architectures: ReadonlyMap<string, readonly [string, string]> = new Map([
  ['x86_64', ['amd64', '']],
  ['x86-64', ['amd64', '']],
  ['aarch64', ['arm64', '']],
  ['i386', ['386', '']],
  ['armhf', ['arm', 'v7']],
  ['armel', ['arm', 'v6']],
]);

/** The parts of a platform as an index or a client spells them. `version`: of the system. */
export interface PlatformParts {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
  readonly version?: string | undefined;
}

/** The canonical platform; null if a part cannot be one. */
export function canonicalPlatform({ os, architecture, variant = '' }: PlatformParts): string | null {
  const [cpu, implied] = architectures.get(architecture.toLowerCase()) ?? [architecture.toLowerCase(), ''];
  const level = usualVariant(cpu, variant.toLowerCase() || implied);
  const parts = [os.toLowerCase(), cpu, ...(level === '' ? [] : [level])];
  return parts.every((part) => partGrammar.test(part)) ? parts.join('/') : null;
}

/** The variant; '' if it is the one that the architecture alone means. */
function usualVariant(architecture: string, variant: string): string {
  const level = /^[0-9]+$/.test(variant) ? `v${variant}` : variant;
  if (architecture === 'arm64' && level === 'v8') return '';
  if (architecture === 'amd64' && level === 'v1') return '';
  if (architecture === 'arm' && level === '') return 'v7';
  return level;
}

/** As the key of `Platforms`; null if a part cannot be one. */
export function platformKey(parts: PlatformParts): string | null {
  const platform = canonicalPlatform(parts);
  const { version = '' } = parts;
  if (platform === null || !versionGrammar.test(version)) return platform;
  const slash = platform.indexOf('/');
  return `${platform.slice(0, slash)}(${version})${platform.slice(slash)}`;
}

/** The platform of a key of `Platforms`, without the version of the system. */
function platformOfKey(key: string): string {
  return key.replace(/\([^)]*\)/, '');
}

/** Whether it can be a key of `Platforms`: an import and a shared store are untrusted input. */
export function isPlatformKey(text: string): boolean {
  const match = /^([^/(]+)(?:\(([^)]*)\))?\/([^/]+)(?:\/([^/]+))?$/.exec(text);
  if (match === null) return false;
  const [, os = '', version = '', architecture = '', variant = ''] = match;
  return platformKey({ os, architecture, variant, version }) === text;
}

/**
 * The canonical form of `linux/amd64`, `linux/arm64/v8`, `linux/arm/v7`.
 *
 * @param parameter how errors call it
 * @throws PARAMETER_INVALID naming the parameter
 */
export function parsePlatform(text: string, parameter = 'platform'): string {
  const [os = '', architecture = '', variant, ...more] = text.split('/');
  const platform =
    more.length === 0 && variant !== '' ? canonicalPlatform({ os, architecture, variant }) : null;
  if (platform !== null && !isUnknown(platform)) return platform;
  throw invalidParameter(
    parameter,
    `${parameter}: ${JSON.stringify(text.slice(0, 100))}: must be os/architecture or os/architecture/variant, such as linux/amd64 or linux/arm/v7`,
  );
}

/** Whether it is the platform of what runs nowhere, such as an attestation. */
export function isUnknown(platform: string): boolean {
  return platform === 'unknown/unknown';
}

/** What an index has for a platform: one manifest, or one for each version of the system; empty: nothing. */
export function manifestsOf(platforms: Platforms, platform: string): readonly Digest[] {
  return Object.entries(platforms).flatMap(([key, digest]) =>
    platformOfKey(key) === platform ? digest : [],
  );
}

/** The platforms whose manifest differs, comes or goes; sorted. */
export function movedBetween(before: Platforms, after: Platforms): readonly string[] {
  const moved = new Set<string>();
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
    if (before[key] !== after[key]) moved.add(platformOfKey(key));
  return [...moved].sort();
}
