/** The parts of the registry read API over a memory ledger; the poller's clients ask a fake registry. */
import type { Digest } from '../../src/event/digest.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openMemoryLedger } from '../../src/ledger/memory/memory.ts';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import { systemRandom } from '../../src/lib/random.ts';
import type { FacadeParts, FacadeRules, Named } from '../../src/registry/tags.ts';
import { Upstreams } from '../../src/registry/upstream.ts';
import { FetchOnce } from '../../src/source/platforms/fetch-once.ts';
import type { RegistryOptions, WatchOptions } from '../../src/source/poll/options.ts';
import type { Poller } from '../../src/source/poll/poller.ts';
import { type FakeRegistry, startFakeRegistry } from './fake-registry.ts';
import { pollerOf, registryOf, viewOf } from './poll-rig.ts';

export interface FacadeWorld {
  readonly registry: FakeRegistry;
  readonly poller: Poller;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** Moves the time of everything but timers. */
  pass(ms: number): void;
  parts(rules?: Partial<FacadeRules>, maxRemembered?: number): FacadeParts;
  /** A repository of the fake registry. Default `app`. */
  named(name?: string): Named;
  /** Pushes to the fake registry, and to the ledger as a webhook without a size reports it. */
  push(tag: string): Promise<void>;
  /** The present tags of `app`, and whether their digests are known. */
  tags(): Promise<readonly (readonly [string, boolean])[]>;
  close(): Promise<void>;
}

/** @param watch what is polled of `app`, though the poller is not started; default: it is not polled */
export async function facadeWorld(
  options: { readonly registry?: Partial<RegistryOptions>; readonly watch?: readonly string[] } = {},
): Promise<FacadeWorld> {
  let later = 0;
  const clock: Clock = {
    ...systemClock,
    now: () => systemClock.now() + later,
    monotonic: () => systemClock.monotonic() + later,
  };
  const registry = await startFakeRegistry();
  const ledger = await openMemoryLedger({
    ...{ clock, random: systemRandom },
    retention: { maxChanges: 100_000, maxAgeMs: 86_400_000 },
  });
  const registries = [registryOf(registry.host, options.registry)];
  const poller = pollerOf({ clock, ledger: viewOf(ledger), registries });
  const watch: WatchOptions[] =
    options.watch === undefined ? [] : [{ repository: 'app', tags: options.watch }];
  await poller.upstreamOf(registry.host)?.watch(watch);
  const named = (name = 'app') => ({ repository: { registry: registry.host, repository: name }, name });
  return {
    ...{ registry, poller, ledger, clock, named },
    pass(ms) {
      later += ms;
    },
    parts: (rules = {}, maxRemembered = 10_000) => ({
      rules: { maxAgeMs: 60_000, maxListAgeMs: null, onDemand: false, trusts: () => false, ...rules },
      once: new FetchOnce({ store: ledger.manifests, clock }),
      upstreams: new Upstreams({ upstreamOf: (host) => poller.upstreamOf(host), clock }),
      ...{ queries: ledger, ledger: viewOf(ledger), clock, maxRemembered },
    }),
    async push(tag) {
      const { digest } = registry.push('app', tag, tag);
      const about = { ...named().repository, mediaType: null, size: null, origin: 'webhook:test' };
      await ledger.record([{ kind: 'tag', ...about, tag, digest: digest as Digest }]);
    },
    async tags() {
      const within = { repositories: [`${registry.host}/app`] };
      const { tags } = await ledger.listTags({ within, limit: 1_000 });
      return tags.map(({ tag, digest }) => [tag, digest !== null] as const);
    },
    async close() {
      await poller.close();
      await registry.close();
    },
  };
}
