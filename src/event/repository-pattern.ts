/** Repositories as people write them, exact or as a glob: in subscriptions, access entries and pace rules alike. */
import { canonicalGlob, isGlob, maxGlobLength, maxWildcards, wildcardsOf } from './glob.ts';
import {
  canonicalRegistry,
  canonicalRepository,
  dockerHub,
  type Refuse,
  refusing,
  repositoryKey,
  splitHost,
} from './reference.ts';

/** How a repository is read. */
export interface RepositoryTextOptions {
  readonly defaultRegistry: string;
  /** What errors call the value. Default `repository`. */
  readonly parameter?: string;
}

/** The key of one repository, or a canonical glob over keys. */
interface RepositoryText {
  readonly kind: 'exact' | 'glob';
  readonly canonical: string;
}

const hostPatternGrammar = /^[a-z0-9.*:[\]-]+$/;
const namePatternGrammar = /^[a-z0-9._*-]+(?:\/[a-z0-9._*-]+)*$/;

/** Fewest segments of a name, by registry, from its documentation. A wrong entry would refuse valid subscriptions. */
const minSegments: ReadonlyMap<string, number> = new Map([
  [dockerHub, 2],
  ['gcr.io', 2],
  ['ghcr.io', 2],
  ['public.ecr.aws', 2],
  ['quay.io', 2],
  ['registry.gitlab.com', 2],
]);
/** Artifact Registry: LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE. */
const artifactRegistry = { host: /^[a-z0-9-]+-docker\.pkg\.dev$/, segments: 3 };

/** @throws PARAMETER_INVALID naming the parameter, with what to write instead */
export function parseRepositoryText(text: string, options: RepositoryTextOptions): RepositoryText {
  const { defaultRegistry, parameter } = options;
  return isGlob(text)
    ? { kind: 'glob', canonical: parseRepositoryPattern(text, defaultRegistry, parameter) }
    : { kind: 'exact', canonical: parseRepositoryName(text, defaultRegistry, parameter) };
}

/** What to write where only a host is given: a glob, a folder of names, or a name, whichever fits there. */
export const hostHints = {
  glob: (host: string) => `for everything there ask for "${host}/**"`,
  folder: (host: string) => `for everything there write "${host}/"`,
  name: (host: string) => `must have a name behind it, as in "${host}/team/app"`,
} as const;

/**
 * Makes only the key, because one request may have a thousand.
 *
 * @param hint for a host alone
 */
export function parseRepositoryName(
  text: string,
  defaultRegistry: string,
  parameter = 'repository',
  hint: keyof typeof hostHints = 'glob',
): string {
  if (text.includes('@')) throw refusing(parameter, text)(digestRule);
  if (isKnownHost(text)) throw refusing(parameter, text)(hostAlone(text, hint));
  const { registry, name } = splitHost(text, defaultRegistry);
  if (name.includes(':')) throw refusing(parameter, text)(tagInRepository(text, name, hint));
  const names = canonicalRepository(registry, name);
  if (names !== null) return repositoryKey(names);
  const refuse = refusing(parameter, text);
  if (canonicalRegistry(registry) === null) {
    throw refuse('the host must be a DNS name or an address, with an optional port');
  }
  throw refuse('must be [host[:port]/]name with lower-case path segments of a-z, 0-9, ".", "_", "-"');
}

/** Otherwise `ghcr.io` alone would be an image of Docker Hub, which nobody means and which never changes. */
function isKnownHost(text: string): boolean {
  const host = text.includes('/') ? null : canonicalRegistry(text);
  return host !== null && (minSegments.has(host) || artifactRegistry.host.test(host));
}

function hostAlone(host: string, hint: keyof typeof hostHints): string {
  return `names a host without a repository: ${hostHints[hint](host)}`;
}

const digestRule = 'must not hold a digest: subscribe to the repository alone';

/** The first segment is a host if it has a dot or a port, is `localhost` or `*`, or begins with `**`. */
export function parseRepositoryPattern(
  text: string,
  defaultRegistry: string,
  parameter = 'repository',
): string {
  const refuse = refusing(parameter, text);
  if (text.includes('@')) throw refuse(digestRule);
  if (text.length > maxGlobLength) throw refuse(`a pattern must be at most ${maxGlobLength} characters`);
  const canonical = canonicalGlob(text);
  const wildcards = wildcardsOf(canonical);
  if (wildcards > maxWildcards) {
    throw refuse(`has ${wildcards} wildcards: a pattern must have at most ${maxWildcards}`);
  }
  const slash = canonical.indexOf('/');
  if (slash === -1) refuseHostAlone(canonical, defaultRegistry, refuse);
  const first = slash === -1 ? canonical : canonical.slice(0, slash);
  if (first.startsWith('**')) return acrossHosts(canonical, slash, refuse);
  const { registry, name } =
    first === '*'
      ? { registry: first, name: canonical.slice(slash + 1) }
      : splitHost(canonical, defaultRegistry);
  if (name.includes(':')) throw refuse(tagInRepository(canonical, name));
  const host = isGlob(registry) ? registry.toLowerCase() : canonicalRegistry(registry);
  if (host === null || !hostPatternGrammar.test(host)) {
    throw refuse('the host must be a DNS name or an address, with an optional port, or a glob of one');
  }
  if (!namePatternGrammar.test(name)) throw refuse(patternRule);
  const full = name === '*' || !isLibraryName(host, name) ? name : `library/${name}`;
  refuseTooShort(host, full, refuse);
  const pattern = `${host}/${full}`;
  if (pattern.length > maxGlobLength) {
    throw refuse(`a pattern with its host must be at most ${maxGlobLength} characters`);
  }
  return pattern;
}

/** `**` may stand for the host and any number of segments, so the pattern applies to whole keys as it is. */
function acrossHosts(canonical: string, slash: number, refuse: Refuse): string {
  const first = slash === -1 ? canonical : canonical.slice(0, slash);
  const rest = slash === -1 ? null : canonical.slice(slash + 1);
  const last = rest ?? first;
  if (last.includes(':')) throw refuse(tagInRepository(canonical, last));
  const firstFits = hostPatternGrammar.test(first) || namePatternGrammar.test(first);
  if (!firstFits || (rest !== null && !namePatternGrammar.test(rest))) throw refuse(patternRule);
  return canonical;
}

/** Docker Hub has no names of one segment, so `nginx*` means `library/nginx*`, just as `nginx` does. */
function isLibraryName(host: string, name: string): boolean {
  return host === dockerHub && !name.includes('/') && !name.includes('**');
}

/** `*` and `*.example.com` name only a host, but a repository's key has a host and a name. */
function refuseHostAlone(pattern: string, defaultRegistry: string, refuse: Refuse): void {
  if (pattern === '*') {
    const all = canonicalRegistry(defaultRegistry) === dockerHub ? 'library/*' : `${defaultRegistry}/*`;
    throw refuse(
      `matches no repository, because "*" is a host without a name: write "**" for every repository, or "${all}"`,
    );
  }
  if (/^\*+\./.test(pattern) && !pattern.includes(':')) {
    throw refuse(`names hosts without a repository: for everything there write "${pattern}/**"`);
  }
}

function refuseTooShort(host: string, name: string, refuse: Refuse): void {
  const needed = artifactRegistry.host.test(host) ? artifactRegistry.segments : (minSegments.get(host) ?? 1);
  const found = name.split('/').length;
  if (found >= needed || name.includes('**')) return;
  const longer = host === dockerHub ? 'library/*' : `${'OWNER/'.repeat(needed - found)}${name}`;
  throw refuse(
    `matches no repository, because names at ${host} have at least ${needed} segments: ` +
      `write "${host}/**" for everything there, or "${host}/${longer}"`,
  );
}

function tagInRepository(text: string, name: string, hint: keyof typeof hostHints = 'glob'): string {
  if (text.startsWith('[') && canonicalRegistry(text) !== null) return hostAlone(text, hint);
  const colon = name.indexOf(':');
  if (!text.includes('/') && /^[0-9]+$/.test(name.slice(colon + 1)) && name.includes('.')) {
    return hostAlone(name, hint);
  }
  const before = text.slice(0, text.length - name.length + colon);
  const repository = before === '*' ? '**' : before;
  return `must not hold a tag: give ${repository} alone, and tag=${name.slice(colon + 1, colon + 129)}`;
}

const patternRule =
  'a pattern must have lower-case path segments of a-z, 0-9, ".", "_", "-" and "*", as in team/** or *.example.com/team/**';
