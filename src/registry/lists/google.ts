/** The list of tags in the form of GCR and Artifact Registry: the plain one, and every digest with its tags. */
import type { Digest } from '../../event/digest.ts';
import type { TagState } from '../../ledger/ledger.ts';
import { maxStep } from '../../reading/reading.ts';
import { json, type RegistryAnswer, type RepositoryRequest } from '../endpoint.ts';
import { badParameter } from '../errors.ts';
import type { Descriptor } from '../freshness.ts';
import type { Tally } from '../tally.ts';
import { describe, named } from './descriptors.ts';
import { countOf, nameLimits, parameterOf } from './parameters.ts';
import type { ListParts } from './parts.ts';
import { readTagRows } from './tag-rows.ts';

/** Numbers are strings. */
interface GoogleManifest {
  /** Of all layers, which the index does not know: 0. */
  readonly imageSizeBytes: string;
  readonly layerId: string;
  readonly mediaType: string;
  readonly tag: string[];
  /** When the image was built, which the index does not know: 0. */
  readonly timeCreatedMs: string;
  /** Since when a tag has pointed at it. */
  readonly timeUploadedMs: string;
}

/** The whole list: Google's lister reads no second page once `manifest` is there. */
export async function listForGoogle(
  parts: ListParts,
  request: RepositoryRequest,
  tally: Tally,
): Promise<RegistryAnswer> {
  const { query, repository, name } = request;
  const n = countOf(query, nameLimits);
  if (parameterOf(query, 'last') !== null)
    throw badParameter('last', 'left out where there is manifest=true');
  const reading = request.enter();
  await parts.wholeLists.requireWhole(request, tally);
  const { rows, next } = await readTagRows(parts.ledger, reading, {
    ...{ repository, sort: 'name', order: 'asc', after: null, n: Math.max(n, 1) },
  });
  if (next !== null || rows.length > n)
    throw badParameter(
      'manifest',
      `left out: there are more than ${n} tags, and this form has no second page`,
    );
  const known = new Map<Digest, Descriptor>();
  for (let at = 0; at < rows.length; at += maxStep)
    for (const [digest, found] of await describe(
      parts.ledger,
      repository,
      named(rows.slice(at, at + maxStep)),
    ))
      known.set(digest, found);
  const manifest = Object.fromEntries(byDigest(rows, known));
  return json({ child: [], manifest, name, tags: rows.map(({ tag }) => tag) });
}

/** @param rows by tag; those without a digest are only in `tags` */
function byDigest(
  rows: readonly TagState[],
  known: ReadonlyMap<Digest, Descriptor>,
): ReadonlyMap<Digest, GoogleManifest> {
  const found = new Map<Digest, GoogleManifest>();
  for (const { digest, tag, updatedAt } of rows) {
    if (digest === null) continue;
    const before = found.get(digest);
    before?.tag.push(tag);
    const uploadedMs = Math.min(updatedAt, Number(before?.timeUploadedMs ?? updatedAt));
    found.set(digest, {
      ...{ imageSizeBytes: '0', layerId: '', mediaType: known.get(digest)?.mediaType ?? '' },
      ...{ tag: before?.tag ?? [tag], timeCreatedMs: '0', timeUploadedMs: String(uploadedMs) },
    });
  }
  return found;
}
