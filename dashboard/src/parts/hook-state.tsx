import { Badge } from './badge.tsx';

export interface HookOutcome {
  readonly lastDelivery: string | null;
  readonly lastRefusal: { readonly at: string } | null;
}

/** Whether the last delivery of a hook was refused. Times are RFC 3339 in UTC, so they sort as text. */
export function isRefused({ lastDelivery, lastRefusal }: HookOutcome): boolean {
  return lastRefusal !== null && (lastDelivery === null || lastRefusal.at > lastDelivery);
}

/** How a hook does. */
export function HookState({ hook }: { hook: HookOutcome }) {
  if (isRefused(hook)) return <Badge {...{ tone: 'bad', icon: 'critical' }}>Refused</Badge>;
  if (hook.lastDelivery === null) return <Badge {...{ tone: 'quiet', icon: 'waiting' }}>Nothing yet</Badge>;
  return <Badge {...{ tone: 'good', icon: 'ok' }}>OK</Badge>;
}
