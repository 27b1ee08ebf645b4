import { useEffect, useState } from 'preact/hooks';
import { feed } from '../../gateway/feed.ts';
import type { FreshnessState } from '../../parts/freshness.tsx';

/** How true the live changes are: from the state of the feed, and since when it is not live. @param of what is followed */
export function useFeedState(of: unknown): FreshnessState {
  const [state, show] = useState<FreshnessState>({ kind: 'connecting' });
  useEffect(() => {
    let liveUntil: number | null = null;
    let wasLive = false;
    const look = () => {
      const { status } = feed;
      if (wasLive && status.state !== 'live') liveUntil = Date.now();
      wasLive = status.state === 'live';
      if (wasLive) show({ kind: 'live' });
      else if (status.state === 'waiting') show({ kind: 'stale', since: liveUntil, retryAt: status.untilMs });
      else if (liveUntil !== null) show({ kind: 'stale', since: liveUntil, retryAt: null });
      else show({ kind: 'connecting' });
    };
    look();
    return feed.on('status', look);
  }, [of]);
  return state;
}
