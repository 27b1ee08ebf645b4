/** Constructs the registry read API under `/v2` from the configuration. */
import type { Config } from '../config/shape.ts';
import type { Clock } from '../lib/clock.ts';
import type { Metrics } from '../lib/metrics.ts';
import { RegistryApi } from '../registry/api.ts';
import type { RegistryEndpoint } from '../registry/endpoint.ts';
import { blobs } from '../registry/endpoints/blobs.ts';
import { catalog } from '../registry/endpoints/catalog.ts';
import { chainguardHistory } from '../registry/endpoints/chainguard-history.ts';
import { discover } from '../registry/endpoints/discover.ts';
import { manifests } from '../registry/endpoints/manifests.ts';
import { ping } from '../registry/endpoints/ping.ts';
import { referrers } from '../registry/endpoints/referrers.ts';
import { repositories } from '../registry/endpoints/repositories.ts';
import { tagHistory } from '../registry/endpoints/tag-history.ts';
import { tagsList } from '../registry/endpoints/tags-list.ts';
import type { ListParts } from '../registry/lists/parts.ts';
import { LookUps } from '../registry/look-ups.ts';
import { Manifests } from '../registry/manifests.ts';
import { Names } from '../registry/names.ts';
import { Presences } from '../registry/presence.ts';
import { type FacadeParts, Tags } from '../registry/tags.ts';
import { Tallies } from '../registry/tally.ts';
import { type UpstreamOf, Upstreams } from '../registry/upstream.ts';
import { WholeLists } from '../registry/whole-lists.ts';

export interface RegistryApiOptions {
  readonly config: Config;
  readonly queries: ListParts['ledger'];
  /** What the questions to registries see goes the same way as what the poller sees. */
  readonly ledger: FacadeParts['ledger'];
  readonly upstreamOf: UpstreamOf;
  readonly once: FacadeParts['once'];
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Whether the gateway may hear of a registry. */
  readonly knowsRegistry: (host: string) => boolean;
}

/** What answers from registries where the index does not know. */
export interface RegistryReads {
  /** Null: it is switched off. */
  readonly registryApi: RegistryApi | null;
  /** Null: what nobody asked for before is not looked up (`facade.onDemand`). */
  readonly lookUps: LookUps | null;
  /** Null: registries are not asked on behalf of clients. */
  readonly presences: Presences | null;
}

export function openRegistryApi(options: RegistryApiOptions): RegistryReads {
  const { config, queries, ledger, clock, once, upstreamOf } = options;
  const tallies = new Tallies(options.metrics);
  if (!config.facade.enabled) return { registryApi: null, lookUps: null, presences: null };
  const upstreams = new Upstreams({ upstreamOf, clock });
  const parts: FacadeParts = { rules: rulesOf(config), queries, ledger, upstreams, once, clock };
  const names = namesOf(config, options.knowsRegistry);
  const tags = new Tags(parts);
  const lists = listsOf({
    ...{ ledger: queries, tallies, serves: (host) => names.serves(host) },
    ...{ wholeLists: new WholeLists(parts), tags },
  });
  const byDigest = new Manifests(parts);
  const served = manifests({ tags, manifests: byDigest, tallies });
  const registryApi = new RegistryApi(names, [ping, served, blobs, ...lists]);
  const lookUps = config.facade.onDemand ? new LookUps(tags, clock) : null;
  return { registryApi, lookUps, presences: new Presences(byDigest, upstreams) };
}

function listsOf(parts: ListParts): readonly RegistryEndpoint[] {
  return [
    ...[tagsList(parts), tagHistory(parts), chainguardHistory(parts)],
    ...[repositories(parts), catalog(parts), discover, referrers],
  ];
}

function rulesOf({ facade, registries }: Config): FacadeParts['rules'] {
  const trusted = new Set(registries.filter(({ trustWebhooks }) => trustWebhooks).map(({ host }) => host));
  const { maxAgeMs, maxListAgeMs = null, onDemand } = facade;
  return { maxAgeMs, maxListAgeMs, onDemand, trusts: (registry) => trusted.has(registry) };
}

function namesOf(
  { facade, registries, webhooks, defaultRegistry }: Config,
  knowsRegistry: (host: string) => boolean,
): Names {
  const only = facade.registries === undefined ? null : new Set(facade.registries);
  const hosts = [...registries.map(({ host }) => host), ...webhooks.flatMap((hook) => hook.registry ?? [])];
  return new Names({
    defaultRegistry,
    serves: (host) => (only === null ? knowsRegistry(host) : only.has(host)),
    known: new Set([...hosts, defaultRegistry, ...(only ?? [])]),
    // No host is written so: it is heard of only if all are.
    anyHost: only === null && knowsRegistry('*'),
  });
}
