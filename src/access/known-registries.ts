/** A configured webhook, as far as it says which registries the gateway may hear of; `config.webhooks` fits. */
export interface HearsOf {
  readonly name: string;
  readonly registry?: string;
  readonly verify?: 'none';
}

/**
 * Which registries this gateway may ever hear of: any, if no registry is configured or a configured webhook takes its
 * host from the payload; else the configured ones and those that the webhooks name.
 *
 * @param registries hosts
 */
export function knownRegistries(
  registries: readonly { readonly host: string }[],
  webhooks: readonly HearsOf[],
): (host: string) => boolean {
  const hooks = webhooks.filter((hook) => !isDefaultHook(hook));
  const named = hooks.flatMap(({ registry }) => registry ?? []);
  if (registries.length === 0 || named.length < hooks.length) return () => true;
  const known = new Set([...registries.map(({ host }) => host), ...named]);
  return (host) => known.has(host);
}

/** The two hooks of a gateway that configured none are for trying things out: they make no registry known. */
function isDefaultHook({ name, registry, verify }: HearsOf): boolean {
  return verify === 'none' && registry === undefined && (name === 'publish' || name === 'local');
}
