/**
 * References: registry host + repository + tag or digest, in canonical form. Grammar: OCI distribution-spec,
 * "Pulling manifests" (repository names and tags). Defaults as in Docker (`nginx` is `docker.io/library/nginx`,
 * and `index.docker.io` is docker.io).
 */
import { invalidParameter, type ManifeedError } from '../errors.ts';
import { type Digest, parseDigest } from './digest.ts';

/** A repository, in canonical form. */
export interface RepositoryName {
  /** As `canonicalRegistry` gives it: `registry.example.com:5000`. */
  readonly registry: string;
  readonly repository: string;
}

/** A repository with a tag, a digest, both or neither. */
export interface Reference extends RepositoryName {
  readonly tag: string | null;
  readonly digest: Digest | null;
}

export const dockerHub = 'docker.io';
const dockerHubAliases = new Set([
  'docker.io',
  'index.docker.io',
  'registry-1.docker.io',
  'registry.hub.docker.com',
]);

const tagGrammar = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const segmentGrammar = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const hostGrammar =
  /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|(\[[0-9a-f:.]{2,45}\]))(?::([0-9]{1,5}))?$/;
const maxHostLength = 255;
// distribution-spec: many clients limit host + name to 255, and Distribution itself refuses longer names.
export const maxRepositoryLength = 255;

/** Whether a string is a tag (distribution-spec, "Pulling manifests"). */
export function isTag(text: string): boolean {
  return tagGrammar.test(text);
}

/** Whether a string is a repository's name, without its host (distribution-spec, "Pulling manifests"). */
export function isRepository(text: string): boolean {
  return text.length <= maxRepositoryLength && text.split('/').every(isPathSegment);
}

/** Whether it may stand between the slashes of a repository's name. */
export function isPathSegment(text: string): boolean {
  return segmentGrammar.test(text);
}

/**
 * The one spelling of a registry: in lower case, with `docker.io` for Docker Hub's aliases, and an IPv6 address as RFC
 * 5952 writes it (one that maps an IPv4 address in hexadecimal). A port stays as it is written: `ghcr.io:443` is another
 * registry than `ghcr.io`, as for Docker, whose clients ask for and report the one or the other.
 *
 * @returns null if it is no registry host
 */
export function canonicalRegistry(host: string): string | null {
  if (host.length > maxHostLength) return null;
  const lower = host.toLowerCase();
  if (dockerHubAliases.has(lower)) return dockerHub;
  const match = hostGrammar.exec(lower);
  if (match === null || (match[2] !== undefined && Number(match[2]) > 65535)) return null;
  return match[1] === undefined ? lower : canonicalAddress(match[1], lower.slice(match[1].length));
}

/** @param address in brackets @param port with its colon; may be empty */
function canonicalAddress(address: string, port: string): string | null {
  const canonical = URL.parse(`http://${address}`)?.hostname;
  return canonical === undefined ? null : canonical + port;
}

/** Canonical names, with Docker Hub's `library/` before a bare name. Null if either part is invalid. */
export function canonicalRepository(registry: string, repository: string): RepositoryName | null {
  const host = canonicalRegistry(registry);
  if (host === null) return null;
  const name = host === dockerHub && !repository.includes('/') ? `library/${repository}` : repository;
  return isRepository(name) ? { registry: host, repository: name } : null;
}

/** The one key of a repository everywhere: `docker.io/library/nginx`. */
export function repositoryKey(name: RepositoryName): string {
  return `${name.registry}/${name.repository}`;
}

/** The name that a `repositoryKey` was made of: a host has no slash. */
export function repositoryOfKey(key: string): RepositoryName {
  const slash = key.indexOf('/');
  return { registry: key.slice(0, slash), repository: key.slice(slash + 1) };
}

/** Docker's rule: a first path segment is a host if it has a dot or a port, or is `localhost`. */
function looksLikeHost(segment: string): boolean {
  return segment === 'localhost' || segment.includes('.') || segment.includes(':');
}

/** Without a host it takes `defaultRegistry`. It does not validate, so that it can split globs too. */
export function splitHost(text: string, defaultRegistry: string): { registry: string; name: string } {
  const slash = text.indexOf('/');
  const first = slash === -1 ? '' : text.slice(0, slash);
  return slash !== -1 && looksLikeHost(first)
    ? { registry: first, name: text.slice(slash + 1) }
    : { registry: defaultRegistry, name: text };
}

/** Makes the error of one text, from what is wrong with it. */
export type Refuse = (what: string) => ManifeedError;

/** Errors that name the parameter (PARAMETER_INVALID) and quote the text, at most 300 characters of it. */
export function refusing(parameter: string, text: string): Refuse {
  return (what) =>
    invalidParameter(parameter, `${parameter}: ${JSON.stringify(text.slice(0, 300))}: ${what}`);
}

/**
 * Parses `[host/]name[:tag][@digest]`.
 * @param defaultRegistry host of a bare name; default `docker.io`
 * @throws PARAMETER_INVALID naming `parameter` (default `reference`)
 */
export function parseReference(
  text: string,
  options: { defaultRegistry?: string; parameter?: string } = {},
): Reference {
  const parameter = options.parameter ?? 'reference';
  const refuse = refusing(parameter, text);
  const at = text.indexOf('@');
  const digest = at === -1 ? null : parseDigest(text.slice(at + 1));
  if (at !== -1 && digest === null)
    throw refuse('the part after "@" must be sha256:<64 hex> or sha512:<128 hex>');
  const beforeDigest = at === -1 ? text : text.slice(0, at);
  const { registry, name } = splitHost(beforeDigest, options.defaultRegistry ?? dockerHub);
  const colon = name.lastIndexOf(':');
  const tag = colon === -1 ? null : name.slice(colon + 1);
  if (tag !== null && !isTag(tag)) throw refuse('the tag must match [A-Za-z0-9_][A-Za-z0-9._-]{0,127}');
  const names = canonicalRepository(registry, colon === -1 ? name : name.slice(0, colon));
  if (names === null) {
    throw refuse(
      'must be [host[:port]/]name[:tag][@digest] with lower-case path segments of a-z, 0-9, ".", "_", "-"',
    );
  }
  return { ...names, tag, digest };
}
