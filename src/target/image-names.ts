/**
 * The name of a repository as each tool spells it. A tool that gets a wrong spelling answers 200 and does nothing, so
 * no kind makes up its own.
 */
import { dockerHub, type RepositoryName, repositoryKey, splitHost } from '../event/reference.ts';

/** Names of one image, all without tag and digest. */
export interface ImageNames {
  /** As people write it: `nginx`, `user/app`, `ghcr.io/a/b`. Keel and messages. */
  readonly familiar: string;
  /** Complete: `docker.io/library/nginx`. Kargo's `normalizeImage`. */
  readonly canonical: string;
  /**
   * Watchtower: 1.7 compares what stands before the first colon of a container's image with each of them, and the fork
   * parses them. Of `host:5000/a`, 1.7 knows only `host`: that means all images of this host.
   */
  readonly watchtower: readonly string[];
  /** Argo CD Image Updater: Docker Hub's own images are without `library/`. */
  readonly argocd: RepositoryName;
  /** What's Up Docker: the host of its API, with Docker Hub's own images as `library/…`. */
  readonly wud: { readonly host: string; readonly name: string };
}

const library = 'library/';
/** In a container's image, with nothing before the name too. */
const hubHosts = ['docker.io/', 'index.docker.io/'] as const;
const hubApi = 'registry-1.docker.io';

export function imageNames(reference: RepositoryName): ImageNames {
  const { registry, repository } = reference;
  const isHub = registry === dockerHub;
  const short = isHub && isOfficial(repository) ? repository.slice(library.length) : repository;
  const canonical = repositoryKey({ registry, repository });
  // Without its host `docker.io/a.com/b` would be an image of another registry.
  const isClear = isHub && splitHost(short, dockerHub).name === short;
  return {
    familiar: isClear ? short : canonical,
    canonical,
    watchtower: isHub ? hubSpellings(repository, short, isClear) : hostSpellings(registry, canonical),
    argocd: { registry, repository: short },
    wud: { host: isHub ? hubApi : registry, name: repository },
  };
}

/** `library/nginx`; not `library/a/b`, which nobody may shorten. */
function isOfficial(repository: string): boolean {
  return repository.startsWith(library) && !repository.includes('/', library.length);
}

function hubSpellings(repository: string, short: string, isClear: boolean): readonly string[] {
  const names = [...new Set([short, repository])];
  return [...(isClear ? [''] : []), ...hubHosts].flatMap((host) => names.map((name) => `${host}${name}`));
}

function hostSpellings(registry: string, canonical: string): readonly string[] {
  const colon = registry.indexOf(':');
  // An IPv6 address has nothing of use before its first colon.
  return colon <= 0 || registry.startsWith('[') ? [canonical] : [canonical, registry.slice(0, colon)];
}
