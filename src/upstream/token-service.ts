/** Which token realms may be asked, and so may receive the registry's credentials. Pure. */
import type { UpstreamOptions } from './options.ts';
import { UpstreamError } from './upstream-error.ts';

/** `base`: base URL of the registry's API. */
type TokenServiceOptions = Pick<UpstreamOptions, 'host' | 'tokenService'> & { readonly base: URL };

/** `trusted`: at any address. `public`: only at a public address. */
type RealmRule = 'trusted' | 'public' | 'refused';

/**
 * The registry chooses its realm, so in a private network it must be the registry's own host and port, or be
 * configured. Another port of the same host is another service.
 */
export function realmRule(realm: URL, { host, base, tokenService }: TokenServiceOptions): RealmRule {
  if (tokenService !== undefined) return isAt(realm, tokenService) ? 'trusted' : 'refused';
  return realm.origin === base.origin || isAt(realm, host) ? 'trusted' : 'public';
}

function isAt(realm: URL, hostAndPort: string): boolean {
  return URL.parse(`${realm.protocol}//${hostAndPort}`)?.host === realm.host;
}

/** The error for a refused realm; it names the setting that would allow it. */
export function realmRefused(realm: URL, { host, tokenService }: TokenServiceOptions): UpstreamError {
  const need =
    tokenService === undefined
      ? `a private address: must be public, the registry's own host and port, or set as registries[].tokenService`
      : `must be ${tokenService}, as registries[].tokenService says`;
  return new UpstreamError('redirect', `fetch token for ${host}: realm ${realm.host}: ${need}`);
}
