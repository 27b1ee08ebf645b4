import type { ComponentChildren } from 'preact';
import { useCallback, useMemo, useState } from 'preact/hooks';
import { usePauseKey } from '../../app/pause-key.ts';
import { type ChangeFilter, isEmptyFilter, queryOf } from '../../lib/change-filter.ts';
import { hrefOf, type Route } from '../../lib/route.ts';
import { Icon } from '../../parts/icon.tsx';
import { withQuery } from '../../parts/pages.tsx';
import { ScreenHead } from '../../parts/screen-head.tsx';
import { Table } from '../../parts/table.tsx';
import { Trouble } from '../../parts/trouble.tsx';
import { changeColumns } from './columns.tsx';
import { useHold } from './hold.ts';
import { NewChanges } from './new-changes.tsx';
import { NoChanges } from './no-changes.tsx';
import { useFeedState } from './use-feed-state.ts';
import { useLiveChanges } from './use-live-changes.ts';

export interface LiveProps {
  readonly route: Route;
  readonly filter: ChangeFilter;
  readonly form: ComponentChildren;
}

/** The newest changes, and each further one as it comes. */
export function Live({ route, filter, form }: LiveProps) {
  const [isPaused, setPaused] = useState(false);
  const { list, mayMove } = useHold(isPaused);
  // The parent makes a new component for another filter.
  const wanted = useMemo(() => filter, []);
  const { rows, waiting, isReady, hasOlder, error, showNew } = useLiveChanges(wanted, mayMove);
  const feedState = useFeedState();
  const toggle = useCallback(() => setPaused((was) => !was), []);
  usePauseKey(toggle);
  const state = isPaused && feedState.kind === 'live' ? ({ kind: 'paused' } as const) : feedState;
  const isStale = state.kind === 'stale' || error !== null;
  const oldest = rows.at(-1);
  return (
    <>
      <ScreenHead title="Changes" {...(error === null && { state })}>
        <button type="button" class="button" aria-pressed={isPaused} onClick={toggle}>
          <Icon name={isPaused ? 'play' : 'pause'} />
          {isPaused ? 'Go on' : 'Pause'}
        </button>
        <a class="button" href={hrefOf('connect', '', queryOf(filter))}>
          Connect
        </a>
      </ScreenHead>
      {form}
      {error !== null && <Trouble error={error} />}
      <NewChanges count={waiting} show={showNew} />
      <div ref={list} class={isStale ? 'dimmed' : ''}>
        {rows.length > 0 && (
          <Table
            name="feed"
            caption="Changes, the newest first"
            columns={changeColumns}
            rows={rows}
            keyOf={({ position }) => position}
          />
        )}
        {isReady && rows.length === 0 && <NoChanges isFiltered={!isEmptyFilter(filter)} />}
      </div>
      {hasOlder && oldest !== undefined && (
        <nav class="pages" aria-label="Pages">
          <a class="button" href={withQuery(route, 'before', oldest.position)}>
            <Icon name="older" />
            Older changes
          </a>
        </nav>
      )}
    </>
  );
}
