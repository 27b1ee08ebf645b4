/** The list of tags of the distribution-spec ("Listing Tags"), and Google's. */
import { createHash } from 'node:crypto';
import { json, type RegistryAnswer, type RepositoryRequest } from '../endpoint.ts';
import type { Tally } from '../tally.ts';
import { linkOf } from './links.ts';
import { countOf, lastTagOf, nameLimits } from './parameters.ts';
import type { ListParts } from './parts.ts';
import { readTagRows } from './tag-rows.ts';
import { tagTypeOf } from './tag-type.ts';

/**
 * `{"name","tags"}` in byte order. The `ETag` covers the `Link` too: a first tag beyond the page changes nothing but
 * that.
 */
export async function listPlain(
  parts: ListParts,
  request: RepositoryRequest,
  tally: Tally,
): Promise<RegistryAnswer> {
  const { query, repository, name } = request;
  const n = countOf(query, nameLimits);
  const last = lastTagOf(query);
  const type = tagTypeOf(query);
  const reading = request.enter();
  await parts.wholeLists.requireWhole(request, tally);
  const after = last === null ? null : { tag: last, updatedAt: 0 };
  const page = await readTagRows(parts.ledger, reading, {
    ...{ repository, sort: 'name', order: 'asc', after, n, ...type.narrows },
  });
  const given = query.has('n') ? String(n) : null;
  const parameters = { n: given, tagType: type.name, last: page.next?.tag ?? null };
  const link: { readonly link?: string } = page.next === null ? {} : linkOf(request, parameters);
  const answer = json({ name, tags: page.rows.map(({ tag }) => tag) }, { ...link, ...type.headers });
  return { ...answer, headers: { ...answer.headers, etag: etagOf(`${answer.body}${link.link ?? ''}`) } };
}

function etagOf(text: string): string {
  return `"${createHash('sha256').update(text).digest('base64url')}"`;
}
