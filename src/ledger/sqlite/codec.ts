import { type Change, type ChangeType, changeTypes } from '../../event/change.ts';
import type { Digest } from '../../event/digest.ts';
import { RecordDamaged } from '../loss.ts';
import { isMoved, isPlatforms } from '../stored-change.ts';

/** A digest as bytes: one for the algorithm, then its own. 33 for a sha256, which takes 71 as a string. */
const algorithms: readonly string[] = ['', 'sha256', 'sha512'];
const digestBytes: Readonly<Record<string, number>> = { sha256: 33, sha512: 65 };

/** The bytes of a digest. */
export function encodeDigest(digest: Digest): Buffer;
export function encodeDigest(digest: Digest | null): Buffer | null;
export function encodeDigest(digest: Digest | null): Buffer | null {
  if (digest === null) return null;
  const colon = digest.indexOf(':');
  const bytes = Buffer.alloc(1 + (digest.length - colon - 1) / 2);
  bytes[0] = algorithms.indexOf(digest.slice(0, colon));
  bytes.write(digest.slice(colon + 1), 1, 'hex');
  return bytes;
}

export function decodeDigest(bytes: Buffer): Digest;
export function decodeDigest(bytes: Buffer | null): Digest | null;
/** @throws RecordDamaged if the bytes are not a digest */
export function decodeDigest(bytes: Buffer | null): Digest | null {
  if (bytes === null) return null;
  const algorithm = algorithms[bytes[0] ?? 0];
  if (algorithm === undefined || bytes.length !== digestBytes[algorithm]) throw new RecordDamaged('a digest');
  // Any bytes of the right length are a digest. Checking the grammar of both digests of each row would cost a fifth
  // of a replay.
  return `${algorithm}:${bytes.toString('hex', 1)}` as Digest;
}

/** Several digests, one after the other. */
export function encodeDigests(digests: readonly Digest[]): Buffer {
  return Buffer.concat(digests.map((digest) => encodeDigest(digest)));
}

/** What `encodeDigests` wrote. @throws RecordDamaged if it is something else */
export function decodeDigests(bytes: Buffer): readonly Digest[] {
  const digests: Digest[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = digestBytes[algorithms[bytes[at] ?? 0] ?? ''] ?? bytes.length;
    digests.push(decodeDigest(bytes.subarray(at, at + length)));
    at += length;
  }
  return digests;
}

/** The platforms of a change as two columns. */
export function encodePlatforms({ platforms, movedPlatforms }: Pick<Change, 'platforms' | 'movedPlatforms'>) {
  return {
    platforms: platforms === undefined ? null : JSON.stringify(platforms),
    moved_platforms: movedPlatforms === undefined ? null : JSON.stringify(movedPlatforms),
  };
}

/** What `encodePlatforms` wrote. @throws RecordDamaged if it is something else */
export function decodePlatforms(platforms: string | null, moved: string | null) {
  const read = parseJson(platforms ?? 'null');
  if (read !== null && !isPlatforms(read)) throw new RecordDamaged('the platforms of a change');
  const movedPlatforms = moved === null ? null : parseJson(moved);
  if (movedPlatforms !== null && !isMoved(movedPlatforms))
    throw new RecordDamaged('the moved platforms of a change');
  return { platforms: read, ...(movedPlatforms === null ? {} : { movedPlatforms }) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RecordDamaged('a change');
  }
}

// Explicit, because codes on disk must not depend on the order of `changeTypes`.
const typeCodes: Readonly<Record<ChangeType, number>> = {
  'tag.created': 1,
  'tag.updated': 2,
  'tag.deleted': 3,
  'manifest.pushed': 4,
  'manifest.deleted': 5,
};
const typesByCode = new Map(changeTypes.map((type) => [typeCodes[type], type]));

/** The number that stands for the type on disk. */
export function encodeType(type: ChangeType): number {
  return typeCodes[type];
}

/** @throws RecordDamaged if no type has the number */
export function decodeType(code: number): ChangeType {
  const type = typesByCode.get(code);
  if (type === undefined) throw new RecordDamaged(`a change of type ${code}`);
  return type;
}
