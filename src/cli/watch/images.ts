/** What to watch: `[host/]repo[:tag]`, with globs in both, several of them folded into one subscription. */
import type { Filter } from '../../../client/src/index.ts';
import { ManifeedError } from '../../errors.ts';
import { type ChangeType, changeTypes } from '../../event/change.ts';
import { parseFilter } from '../../event/filter.ts';
import { dockerHub } from '../../event/reference.ts';
import { UsageError } from '../command.ts';

/** One image of the command line. */
export interface Wish {
  readonly repository: string;
  /** Exact, globs, `semver:<range>`. Empty: all. */
  readonly tags: readonly string[];
}

/** What is judged: a change, or a row of a snapshot. */
export interface Candidate {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | null;
  /** Absent: of a row. */
  readonly type?: string;
}

export interface Plan {
  /** For the gateway. It may let more pass than was asked for. */
  readonly filter: Pick<Filter, 'repository' | 'tag' | 'type'>;
  /** Whether it does: then each change has to be judged here, for which the default registry must be known. */
  readonly isWider: boolean;
  /** Judges changes and rows. @param defaultRegistry of the gateway */
  judge(defaultRegistry: string): (candidate: Candidate) => boolean;
}

/** Most tags of one subscription (PROTOCOL.md, section 3, and `limits`). */
const maxTags = 100;
const rangeStart = /^[\^~<>=]/;

/**
 * @param tags for images without a tag of their own
 * @throws UsageError if one is no image
 */
export function parseWishes(images: readonly string[], tags: readonly string[]): readonly Wish[] {
  return images.map((image) => {
    const colon = image.indexOf(':', image.lastIndexOf('/') + 1);
    if (colon === -1) return { repository: image, tags: tags.map(asTag) };
    const tag = image.slice(colon + 1);
    if (tag === '') throw new UsageError(`read image: ${JSON.stringify(image)}: must have a tag behind ":"`);
    return { repository: image.slice(0, colon), tags: [asTag(tag)] };
  });
}

/** `^1.27` is short for `semver:^1.27`. */
function asTag(text: string): string {
  return rangeStart.test(text) ? `semver:${text}` : text;
}

/**
 * One subscription for all: it works over every transport, and whatever `limits.subscriptionsPerConnection` is.
 * Images with the same tags share it exactly. Otherwise it is the union of their repositories and tags.
 *
 * @param types as in a subscription; empty: `tag.*`
 * @throws UsageError if an image or a type is not well formed
 */
export function planOf(wishes: readonly Wish[], types: readonly string[]): Plan {
  const groups = groupByTags(wishes);
  const tags = [...new Set(groups.flatMap((group) => group.tags))];
  const anyTag = groups.some((group) => group.tags.length === 0) || tags.length > maxTags;
  const plan: Plan = {
    filter: {
      repository: [...new Set(wishes.map((wish) => wish.repository))],
      ...(anyTag ? {} : { tag: tags }),
      ...(types.length === 0 ? {} : { type: types }),
    },
    isWider: groups.length > 1,
    judge: (defaultRegistry) => {
      const filters = groups.map((group) => readGroup(group, types, defaultRegistry));
      return ({ registry, repository, tag, type }) =>
        filters.some(
          (filter) =>
            filter.matchesRepository(`${registry}/${repository}`) &&
            (type === undefined || (isChangeType(type) && filter.types.has(type))) &&
            (tag === null ? filter.takesUntagged : filter.matchesTag(tag)),
        );
    },
  };
  // What is wrong with an image shows before there is any traffic.
  plan.judge(dockerHub);
  return plan;
}

interface Group {
  readonly repositories: string[];
  readonly tags: readonly string[];
}

function groupByTags(wishes: readonly Wish[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const { repository, tags } of wishes) {
    const key = JSON.stringify([...tags].sort());
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { repositories: [repository], tags });
    else group.repositories.push(repository);
  }
  return [...groups.values()];
}

function readGroup({ repositories, tags }: Group, type: readonly string[], defaultRegistry: string) {
  const maxRepositories = repositories.length;
  try {
    const filter = parseFilter(
      { repository: repositories, tag: tags, type },
      { defaultRegistry, maxRepositories },
    );
    const { types } = filter;
    return {
      matchesRepository: (key: string) => filter.matchesRepository(key),
      matchesTag: (tag: string) => filter.matchesTag(tag),
      types,
      takesUntagged: tags.length === 0,
    };
  } catch (error) {
    throw error instanceof ManifeedError ? new UsageError(error.message) : error;
  }
}

function isChangeType(text: string): text is ChangeType {
  return changeTypes.some((type) => type === text);
}
