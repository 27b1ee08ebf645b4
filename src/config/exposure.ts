/** What a configuration leaves open to others, to be said at the start. */
import { isLoopback } from './settings/values.ts';
import type { Config } from './shape.ts';

/** Logs a warning if others can do without a credential what only this machine or a token should. */
export function warnOfExposure(
  config: Pick<Config, 'listen' | 'trustProxy' | 'access' | 'webhooks'>,
  log: { warn(fields: object, message: string): void },
): void {
  const { listen, trustProxy, access, webhooks } = config;
  const loopback = isLoopback(listen.host);
  if (loopback && access.kind === 'open') {
    if (trustProxy.length === 0) return;
    log.warn(
      { trustProxy },
      'access is open and trustProxy is set: everyone who can reach the proxy can subscribe, report changes by webhooks without a credential, and administer this gateway: set access to a list of tokens (manifeed token makes one)',
    );
    return;
  }
  const open = webhooks.filter(({ verify }) => verify === 'none').map(({ name }) => name);
  if (open.length === 0) return;
  log.warn(
    { webhooks: open },
    'these webhooks take deliveries without a credential: everyone who can reach the gateway can report changes that never happened: give each of them one',
  );
}
