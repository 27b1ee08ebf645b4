/** Constructs the registry read API under `/v2` from the configuration. */
import { knownRegistries } from '../access/known-registries.ts';
import type { Config } from '../config/config.ts';
import { canonicalRegistry } from '../event/reference.ts';
import { RegistryApi } from '../registry/api.ts';
import { blobs } from '../registry/endpoints/blobs.ts';
import { ping } from '../registry/endpoints/ping.ts';
import { Names } from '../registry/names.ts';

/** Null: it is switched off. */
export function openRegistryApi(config: Config): RegistryApi | null {
  if (!config.facade.enabled) return null;
  return new RegistryApi(namesOf(config), [ping, blobs]);
}

function namesOf({ facade, registries, webhooks, defaultRegistry }: Config): Names {
  const hearsOf = knownRegistries(registries, webhooks);
  const only = facade.registries === undefined ? null : canonical(facade.registries);
  const configured = [
    ...registries.map(({ host }) => host),
    ...webhooks.flatMap((hook) => hook.registry ?? []),
  ];
  return new Names({
    defaultRegistry: canonicalRegistry(defaultRegistry) ?? defaultRegistry,
    serves: (host) => (only === null ? hearsOf(host) : only.has(host)),
    known: new Set([...canonical([...configured, defaultRegistry]), ...(only ?? [])]),
    // No host is written so: it is heard of only if all are.
    anyHost: only === null && hearsOf('*'),
  });
}

function canonical(hosts: readonly string[]): ReadonlySet<string> {
  return new Set(hosts.map((host) => canonicalRegistry(host) ?? host));
}
