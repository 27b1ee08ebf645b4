/** What a tag points at. By GET only if a registry gives no usable digest: Docker Hub counts GETs. */
import { createHash } from 'node:crypto';
import { type Digest, isContent, parseDigest } from '../event/digest.ts';
import { isManifest } from '../event/manifest.ts';
import { parseMediaType } from '../event/media-type.ts';
import { codingOf } from './content-coding.ts';
import type { Manifest } from './head-queue.ts';
import { isOwnNotFound, isThere } from './not-found.ts';
import { headerOf } from './rate-limit.ts';
import type { ClientRequest, RegistryClient, Reply } from './registry-client.ts';
import { UpstreamError } from './upstream-error.ts';

/** Without all of these, some registries answer 404 or with the digest of a converted schema 1 manifest. */
const manifestAccept = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** distribution-spec: registries should accept manifests of up to 4 MiB; hardly any accepts more. */
const maxManifestBytes = 4 * 1024 * 1024;

/** What a HEAD came to. `askedAt`: when the request was sent, monotonic ms. */
export type TagLook =
  | ({ readonly kind: 'found'; readonly askedAt: number } & Manifest)
  | { readonly kind: 'gone'; readonly askedAt: number };

/** The token scope that allows to pull. */
export function pullScope(repository: string): string {
  return `repository:${repository}:pull`;
}

/** A manifest as the registry sent it. */
export interface FetchedManifest {
  readonly digest: Digest;
  /** Null: the registry gave none. */
  readonly mediaType: string | null;
  readonly bytes: Buffer;
}

/**
 * Gets a manifest by its digest; null: the registry does not have it in this repository.
 *
 * @throws UpstreamError if the answer is not certain, or is not the content of the digest
 */
export async function getManifest(
  client: RegistryClient,
  repository: string,
  digest: Digest,
  options: Pick<ClientRequest, 'urgent' | 'signal'> = {},
): Promise<FetchedManifest | null> {
  const request = {
    ...{ url: new URL(`v2/${repository}/manifests/${digest}`, client.base), scope: pullScope(repository) },
    ...{ accept: manifestAccept, maxBytes: maxManifestBytes, ...options },
  };
  const reply = await client.send({ ...request, kind: 'manifest', method: 'GET' });
  if (await isNotFound(client, request, reply)) return null;
  if (reply.status !== 200) throw unexpected(reply);
  const { body: bytes } = reply;
  if (!isContent(digest, bytes))
    throw new UpstreamError(
      'invalid',
      `get ${reply.url.host}${reply.url.pathname}: other bytes: must be those of the digest`,
    );
  return { digest, mediaType: describe(reply).mediaType, bytes };
}

/** Says `gone` only after a 404 of the registry itself. @throws UpstreamError if the answer is not certain */
export async function headTag(
  client: RegistryClient,
  repository: string,
  tag: string,
  options: Pick<ClientRequest, 'urgent' | 'signal'> = {},
): Promise<TagLook> {
  const request = {
    // Canonical names and tags hold no character that needs escaping in a path.
    url: new URL(`v2/${repository}/manifests/${tag}`, client.base),
    scope: pullScope(repository),
    accept: manifestAccept,
    ...options,
  };
  const head = await client.send({ ...request, kind: 'head', method: 'HEAD', maxBytes: 0 });
  if (isOwnNotFound(head, client)) return { kind: 'gone', askedAt: head.sentAt };
  const digest = head.status === 200 ? digestHeader(head) : null;
  if (digest !== null) {
    return { kind: 'found', digest, ...describe(head), askedAt: head.sentAt };
  }
  if (![200, 404, 405, 501].includes(head.status)) throw unexpected(head);
  const get = await client.send({ ...request, kind: 'manifest', method: 'GET', maxBytes: maxManifestBytes });
  if (await isNotFound(client, request, get)) return { kind: 'gone', askedAt: get.sentAt };
  if (get.status !== 200) throw unexpected(get);
  return {
    kind: 'found',
    digest: digestOf(get),
    mediaType: describe(get).mediaType,
    size: get.body.length,
    askedAt: get.sentAt,
  };
}

async function isNotFound(
  client: RegistryClient,
  request: Pick<ClientRequest, 'scope' | 'urgent' | 'signal'>,
  get: Reply,
): Promise<boolean> {
  return isOwnNotFound(get, client) || (get.status === 404 && (await isThere(client, request)));
}

function digestHeader(reply: Reply): Digest | null {
  const text = headerOf(reply.headers, 'docker-content-digest');
  return text === null ? null : parseDigest(text.trim());
}

/** The digest of what a GET brought. A header that names another one is not believed: clients check the bytes. */
function digestOf(get: Reply): Digest {
  const said = digestHeader(get);
  // The digest of a signed schema 1 manifest leaves out its signatures.
  const isSigned = headerOf(get.headers, 'content-type')?.includes('+prettyjws') === true;
  return said !== null && (isSigned || isContent(said, get.body)) ? said : hash(manifestOf(get));
}

/** The body, if it is one: a page that asks for a login comes with status 200 too. @throws UpstreamError `invalid` */
function manifestOf({ url, body }: Reply): Buffer {
  if (isManifest(body)) return body;
  throw new UpstreamError('invalid', `look at ${url.host}${url.pathname}: no manifest: must be one, as JSON`);
}

function hash(body: Buffer): Digest {
  const digest = parseDigest(`sha256:${createHash('sha256').update(body).digest('hex')}`);
  if (digest === null) throw new Error('hash manifest: the digest of a body must be a digest');
  return digest;
}

function describe(reply: Reply): { readonly mediaType: string | null; readonly size: number | null } {
  // RFC 9110 section 8.3: parameters follow the name.
  const mediaType = parseMediaType(headerOf(reply.headers, 'content-type')?.split(';')[0]?.trim());
  // A coded body has another length.
  const length = codingOf(reply.headers) === null ? headerOf(reply.headers, 'content-length') : null;
  // No manifest has 0 bytes: some registries say so of a HEAD.
  const size = length !== null && /^[1-9][0-9]{0,11}$/.test(length) ? Number(length) : null;
  return { mediaType, size };
}

function unexpected({ url, status }: Reply): UpstreamError {
  const what =
    status === 404
      ? 'status 404 without an error of a registry: must be its own: is it up, or does a proxy answer for it?'
      : `status ${status}: must be 200 or 404`;
  return new UpstreamError('invalid', `look at ${url.host}${url.pathname}: ${what}`);
}
