/** Checksums against decay, not forgery: a bit flipped in Redis must not reach a subscriber as a digest. */
import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { LearnedPlatforms, Observation } from '../../event/observation.ts';
import { movedBetween } from '../../event/platform.ts';

const entrySumLength = 8;

/** The first 32 bits of the entry's SHA-1: CRC-32 in Lua would cost more than the rest of a commit. */
export function entrySum(text: string): string {
  return hash('sha1', text).slice(0, entrySumLength);
}

/** The sum of what a tag points at, kept in its row. @param repository `registry/repository` */
export function digestSum(repository: string, tag: string, digest: string): string {
  return crc32(`${repository} ${tag} ${digest}`).toString(36);
}

/** False if the sum is of another digest. Rows and entries of schema 1 have no sum. */
export function isDigestSound(
  { registry, repository, tag }: { registry: string; repository: string; tag: string | null },
  digest: string | null,
  sum: unknown,
): boolean {
  if (digest === null || tag === null || typeof sum !== 'string' || sum === '') return true;
  return sum === digestSum(`${registry}/${repository}`, tag, digest);
}

/** What was learned for an observation that waited, as the script takes it: the platforms and the moved ones as JSON. */
export function learnedForScript({ platforms, before }: LearnedPlatforms): object {
  const isKnown = platforms !== null && before !== undefined && before.platforms !== null;
  return {
    platforms: platforms === null ? null : JSON.stringify(platforms),
    before: before?.digest ?? null,
    moved: isKnown ? JSON.stringify(movedBetween(before.platforms ?? {}, platforms)) : null,
  };
}

/** Adds the sum of its digest to an observation of a tag. */
export function withSum(observation: Observation): Observation & { readonly sum?: string } {
  if (observation.kind !== 'tag' || observation.digest === null) return observation;
  const { registry, repository, tag, digest } = observation;
  return { ...observation, sum: digestSum(`${registry}/${repository}`, tag, digest) };
}
