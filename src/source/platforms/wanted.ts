import { parseReference } from '../../event/reference.ts';
import { matcherOf } from '../poll/scopes.ts';

/** The settings that ask for more than a digest of each tag. */
export interface WantedOptions {
  readonly registries: readonly { readonly host: string; readonly platforms: boolean }[];
  /** As configured: a bare name is in `defaultRegistry`. */
  readonly watch: readonly {
    readonly repository: string;
    readonly tags: readonly string[];
    readonly platforms: boolean;
    readonly manifests: boolean;
  }[];
  readonly defaultRegistry: string;
}

/** Whether something is wanted of a tag. `isAny` false: of none. */
export interface Wanted {
  readonly isAny: boolean;
  of(registry: string, repository: string, tag: string): boolean;
}

/** Of which tags the platforms are asked for, and of which the manifests; only of registries that may be asked. */
export function wantedOf({ registries, watch, defaultRegistry }: WantedOptions): {
  readonly platforms: Wanted;
  readonly manifests: Wanted;
} {
  const hosts = new Set(registries.map(({ host }) => host));
  const whole = new Set(registries.filter(({ platforms }) => platforms).map(({ host }) => host));
  const platforms = new Map<string, (tag: string) => boolean>();
  const manifests = new Map<string, (tag: string) => boolean>();
  for (const one of watch) {
    const { registry, repository } = parseReference(one.repository, { defaultRegistry });
    if (!hosts.has(registry)) continue;
    const key = `${registry}/${repository}`;
    if (one.platforms) platforms.set(key, matcherOf(one.tags));
    if (one.manifests) manifests.set(key, matcherOf(one.tags));
  }
  return { platforms: wanted(whole, platforms), manifests: wanted(new Set(), manifests) };
}

function wanted(
  registries: ReadonlySet<string>,
  tagsOf: ReadonlyMap<string, (tag: string) => boolean>,
): Wanted {
  return {
    isAny: registries.size + tagsOf.size > 0,
    of: (registry, repository, tag) =>
      registries.has(registry) || (tagsOf.get(`${registry}/${repository}`)?.(tag) ?? false),
  };
}
