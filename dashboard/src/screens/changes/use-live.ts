import { useCallback, useState } from 'preact/hooks';
import type { ChangeFilter } from '../../lib/change-filter.ts';
import type { FreshnessState } from '../../parts/freshness.tsx';
import { type Hold, useHold } from './hold.ts';
import { useFeedState } from './use-feed-state.ts';
import { type Following, useLiveChanges } from './use-live-changes.ts';

/** The live list, and what its head says of it. */
export interface Live extends Following {
  readonly state: FreshnessState;
  readonly isPaused: boolean;
  /** Pauses, or goes on. The same function at each drawing. */
  readonly toggle: () => void;
  readonly list: Hold['list'];
}

/** Follows what a filter lets through. @param filter the same object as long as it is the same; null: nothing is followed */
export function useLive(filter: ChangeFilter | null): Live {
  const [isPaused, setPaused] = useState(false);
  const { list, mayMove } = useHold(isPaused);
  const following = useLiveChanges(filter, mayMove);
  const feedState = useFeedState(filter);
  const toggle = useCallback(() => setPaused((was) => !was), []);
  const state = isPaused && feedState.kind === 'live' ? ({ kind: 'paused' } as const) : feedState;
  return { ...following, state, isPaused, toggle, list };
}
