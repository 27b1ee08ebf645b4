/**
 * Checksums of what Redis keeps: a flipped bit in Redis' memory or files must not reach a subscriber as a digest.
 * 32 bits each: against decay, not against forgery.
 */
import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Observation } from '../../event/observation.ts';

const entrySumLength = 8;

/**
 * The sum of an entry of the stream, over its text: the beginning of its SHA-1, the one hash that a script has. CRC-32
 * written in Lua would cost more than the rest of a commit.
 */
export function entrySum(text: string): string {
  return hash('sha1', text).slice(0, entrySumLength);
}

/**
 * The sum of what a tag points at, kept in its row, and in the entry of the change that made it point elsewhere.
 *
 * @param repository `registry/repository`
 */
export function digestSum(repository: string, tag: string, digest: string): string {
  return crc32(`${repository} ${tag} ${digest}`).toString(36);
}

/** False where there is a sum, and it is of another digest. Rows and entries of schema 1 have none. */
export function isDigestSound(
  { registry, repository, tag }: { registry: string; repository: string; tag: string | null },
  digest: string | null,
  sum: unknown,
): boolean {
  if (digest === null || tag === null || typeof sum !== 'string' || sum === '') return true;
  return sum === digestSum(`${registry}/${repository}`, tag, digest);
}

/** The observation as the script takes it. */
export function withSum(observation: Observation): Observation & { readonly sum?: string } {
  if (observation.kind !== 'tag' || observation.digest === null) return observation;
  const { registry, repository, tag, digest } = observation;
  return { ...observation, sum: digestSum(`${registry}/${repository}`, tag, digest) };
}
