/** Who can reach the gateway, and what a configuration leaves open to them. */
import { isLoopback } from './settings/values.ts';
import type { Config } from './shape.ts';

/** Whether only this machine reaches the gateway: it listens on loopback, and no proxy brings others to it. */
export function isPrivate({ listen, trustProxy }: Pick<Config, 'listen' | 'trustProxy'>): boolean {
  return isLoopback(listen.host) && trustProxy.length === 0;
}

/** Logs each webhook that takes deliveries from anyone, unless only this machine reaches an open gateway. */
export function warnOfOpenHooks(
  config: Pick<Config, 'listen' | 'trustProxy' | 'access' | 'webhooks'>,
  log: { warn(fields: object, message: string): void },
): void {
  if (isPrivate(config) && config.access.kind === 'open') return;
  const open = config.webhooks.filter(({ verify }) => verify === 'none').map(({ name }) => name);
  if (open.length === 0) return;
  log.warn(
    { webhooks: open },
    'these webhooks have "verify: none": whoever can reach the gateway can report changes that never happened: give each of them a credential',
  );
}
