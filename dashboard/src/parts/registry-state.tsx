import type { StatusWarning } from '../gateway/status.ts';
import { Badge } from './badge.tsx';

/** How a registry does (PROTOCOL.md, section 12: `state`). @param absence why it does not have all that is watched */
export function RegistryState({ state, absence }: { state: string; absence: StatusWarning | null }) {
  switch (state) {
    case 'ok':
      if (absence !== null) return <Badge {...{ tone: 'warning', icon: 'warning' }}>Incomplete</Badge>;
      return <Badge {...{ tone: 'good', icon: 'ok' }}>OK</Badge>;
    case 'throttled':
      return <Badge {...{ tone: 'warning', icon: 'waiting' }}>Throttled</Badge>;
    case 'failing':
      return <Badge {...{ tone: 'warning', icon: 'warning' }}>Failing</Badge>;
    case 'left-alone':
      return <Badge {...{ tone: 'bad', icon: 'critical' }}>Left alone</Badge>;
    case 'probing':
      return <Badge {...{ tone: 'warning', icon: 'find' }}>Probing</Badge>;
    default:
      return <Badge {...{ tone: 'quiet', icon: 'info' }}>{state}</Badge>;
  }
}
