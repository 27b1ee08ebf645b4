/** A configured webhook, as far as it names registries; `config.webhooks` fits. */
interface HearsOf {
  readonly name: string;
  readonly registry?: string;
  readonly verify?: 'none';
}

/**
 * Which registries this gateway may hear of: `registries` (hosts) and those that webhooks name. Any, if no registry
 * is configured or a configured webhook takes its host from the payload.
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

/** The two default webhooks do not count. */
function isDefaultHook({ name, registry, verify }: HearsOf): boolean {
  return verify === 'none' && registry === undefined && (name === 'publish' || name === 'local');
}
