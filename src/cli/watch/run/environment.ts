/** How a command hears of a change: variables, and one line on standard input. Never in its text. */
import { referenceOf } from '../../output/names.ts';
import { type Facts, factsOf, type Item, sentOf } from '../item.ts';

/** Of a change's variables the ones that are not known are empty, so that an outer value does not shine through. */
export function changeVariables(item: Item): Readonly<Record<string, string>> {
  const facts = factsOf(item);
  return {
    MANIFEED_CHANGE_TYPE: facts.type,
    MANIFEED_CHANGE_REGISTRY: facts.registry,
    MANIFEED_CHANGE_REPOSITORY: facts.repository,
    MANIFEED_CHANGE_TAG: facts.tag ?? '',
    MANIFEED_CHANGE_DIGEST: facts.digest ?? '',
    MANIFEED_CHANGE_PREVIOUS_DIGEST: facts.previousDigest ?? '',
    MANIFEED_CHANGE_POSITION: facts.position ?? '',
    MANIFEED_CHANGE_REFERENCE: facts.tag === null ? '' : referenceOf(facts),
    MANIFEED_CHANGE_PINNED: pinnedOf(facts),
  };
}

/** `host/repo@digest`; empty if the digest is not known. */
function pinnedOf({ registry, repository, digest }: Facts): string {
  return digest === null ? '' : `${registry}/${repository}@${digest}`;
}

/** The line for standard input. */
export function changeInput(item: Item): string {
  return `${JSON.stringify(sentOf(item))}\n`;
}
