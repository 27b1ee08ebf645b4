/** A change as environment variables, for commands and pipelines. docs/commands.md lists them. */

/** What the variables say. Null: not known. */
export interface ChangeFacts {
  readonly type: string;
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | null;
  readonly digest: string | null;
  readonly previousDigest: string | null;
  readonly position: string | null;
}

/** The ones that are not known are empty, so that an outer value does not shine through. */
export function changeVariables(facts: ChangeFacts): Readonly<Record<string, string>> {
  const { registry, repository, tag, digest } = facts;
  const name = `${registry}/${repository}`;
  return {
    MANIFEED_CHANGE_TYPE: facts.type,
    MANIFEED_CHANGE_REGISTRY: registry,
    MANIFEED_CHANGE_REPOSITORY: repository,
    MANIFEED_CHANGE_TAG: tag ?? '',
    MANIFEED_CHANGE_DIGEST: digest ?? '',
    MANIFEED_CHANGE_PREVIOUS_DIGEST: facts.previousDigest ?? '',
    MANIFEED_CHANGE_POSITION: facts.position ?? '',
    MANIFEED_CHANGE_REFERENCE: tag === null ? '' : `${name}:${tag}`,
    MANIFEED_CHANGE_PINNED: digest === null ? '' : `${name}@${digest}`,
  };
}
