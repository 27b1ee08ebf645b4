import { Badge } from './badge.tsx';
import { RelativeTime } from './time.tsx';

/** What a target is doing (PROTOCOL.md, section 12: `state`). */
export function TargetState({ state }: { state: string }) {
  switch (state) {
    case 'delivering':
      return <Badge {...{ tone: 'good', icon: 'live' }}>Delivering</Badge>;
    case 'holding':
      return <Badge {...{ tone: 'good', icon: 'ok' }}>Holding</Badge>;
    case 'idle':
      return <Badge {...{ tone: 'good', icon: 'ok' }}>Idle</Badge>;
    case 'retrying':
      return <Badge {...{ tone: 'warning', icon: 'warning' }}>Retrying</Badge>;
    case 'paused':
      return <Badge {...{ tone: 'accent', icon: 'pause' }}>Paused</Badge>;
    case 'disabled':
      return <Badge {...{ tone: 'bad', icon: 'critical' }}>Disabled</Badge>;
    case 'elsewhere':
      return <Badge {...{ tone: 'quiet', icon: 'outside' }}>Elsewhere</Badge>;
    case 'unserved':
      return <Badge {...{ tone: 'warning', icon: 'waiting' }}>Unserved</Badge>;
    default:
      return <Badge {...{ tone: 'quiet', icon: 'info' }}>{state}</Badge>;
  }
}

/** A change waits for too long. @param since when it was due, RFC 3339 */
export function Late({ since }: { since: string | null }) {
  return (
    <div>
      <Badge {...{ tone: 'warning', icon: 'waiting' }}>Late</Badge>{' '}
      {since !== null && (
        <span class="muted">
          since <RelativeTime at={since} />
        </span>
      )}
    </div>
  );
}
