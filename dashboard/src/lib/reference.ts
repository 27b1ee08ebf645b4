/** Names of repositories and tags, as people write them and as addresses of screens have them. */

/** A repository with its host: `docker.io/library/nginx`. */
export interface RepositoryName {
  readonly registry: string;
  readonly repository: string;
}

export interface TagName extends RepositoryName {
  readonly tag: string;
}

/** `docker.io/library/nginx`. */
export function repositoryText({ registry, repository }: RepositoryName): string {
  return `${registry}/${repository}`;
}

/** Reads `host/name`; null: there is no name, or no host. */
export function parseRepository(text: string): RepositoryName | null {
  const slash = text.indexOf('/');
  if (slash <= 0 || slash === text.length - 1) return null;
  return { registry: text.slice(0, slash), repository: text.slice(slash + 1) };
}

/** Reads `host/name:tag`: the last colon behind the last slash begins the tag. Null: it has none. */
export function parseTag(text: string): TagName | null {
  const colon = text.lastIndexOf(':');
  if (colon < text.lastIndexOf('/') || colon === text.length - 1) return null;
  const name = parseRepository(text.slice(0, colon));
  return name && { ...name, tag: text.slice(colon + 1) };
}
