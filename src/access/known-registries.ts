import type { Log } from '../lib/log.ts';

/** A configured webhook, as far as it names registries; `config.webhooks` fits. */
interface HearsOf {
  readonly name: string;
  readonly registry?: string;
  readonly verify?: 'none';
}

/**
 * Which registries this gateway may hear of: `registries` (hosts) and those that webhooks name. Any, if no registry
 * is configured or a configured webhook takes its host from the payload. In the second case a warning names it: the
 * check is off, although registries are configured.
 */
export function knownRegistries(
  registries: readonly { readonly host: string }[],
  webhooks: readonly HearsOf[],
  log: Pick<Log, 'warn'>,
): (host: string) => boolean {
  const hooks = webhooks.filter((hook) => !isDefaultHook(hook));
  const named = hooks.flatMap(({ registry }) => registry ?? []);
  const open = hooks.filter(({ registry }) => registry === undefined).map(({ name }) => name);
  if (registries.length > 0 && open.length > 0) {
    log.warn(
      { webhooks: open },
      'these webhooks name no registry: clients may subscribe to any, and REGISTRY_UNKNOWN reports no typo',
    );
  }
  if (registries.length === 0 || open.length > 0) return () => true;
  const known = new Set([...registries.map(({ host }) => host), ...named]);
  return (host) => known.has(host);
}

/** The two default webhooks do not count. */
function isDefaultHook({ name, registry, verify }: HearsOf): boolean {
  return verify === 'none' && registry === undefined && (name === 'publish' || name === 'local');
}
