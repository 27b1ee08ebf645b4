import { usePauseKey } from '../../app/pause-key.ts';
import { type ChangeFilter, isEmptyFilter, queryOf } from '../../lib/change-filter.ts';
import { hrefOf, type Route } from '../../lib/route.ts';
import { Icon } from '../../parts/icon.tsx';
import { withQuery } from '../../parts/pages.tsx';
import { ScreenHead } from '../../parts/screen-head.tsx';
import { Table } from '../../parts/table.tsx';
import { Trouble } from '../../parts/trouble.tsx';
import { changeColumns } from './columns.tsx';
import { NewChanges } from './new-changes.tsx';
import { NoChanges } from './no-changes.tsx';
import type { Live } from './use-live.ts';

/** How true the list is, and what can be done with it. */
export function LiveHead({ live, filter }: { live: Live; filter: ChangeFilter }) {
  const { state, isPaused, toggle, error } = live;
  usePauseKey(toggle);
  return (
    <ScreenHead title="Changes" {...(error === null && { state })}>
      <button type="button" class="button" aria-pressed={isPaused} onClick={toggle}>
        <Icon name={isPaused ? 'play' : 'pause'} />
        {isPaused ? 'Go on' : 'Pause'}
      </button>
      <a class="button" href={hrefOf('connect', '', queryOf(filter))}>
        Connect
      </a>
    </ScreenHead>
  );
}

export interface LiveListProps {
  readonly live: Live;
  readonly route: Route;
  readonly filter: ChangeFilter;
}

/** The newest changes, and each further one as it comes. */
export function LiveList({ live, route, filter }: LiveListProps) {
  const { rows, waiting, isReady, hasOlder, error, showNew, state, list } = live;
  const isStale = state.kind === 'stale' || error !== null;
  const oldest = rows.at(-1);
  return (
    <>
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
