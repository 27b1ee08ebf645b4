import { useEffect, useState } from 'preact/hooks';
import { systemClock } from '../../../../client/src/index.ts';
import { feed } from '../../gateway/feed.ts';
import { ask, isUnauthorized, session } from '../../gateway/gateway.ts';
import { readChanges } from '../../gateway/index-answers.ts';
import { LiveChanges, type LiveView } from '../../gateway/live-changes.ts';
import { type ChangeFilter, queryOf } from '../../lib/change-filter.ts';

/** Rows of the past that are read at first. */
const past = '100';

/** Height of a row with one line, px. */
const lowestRowPx = 32;

export interface Following extends LiveView {
  readonly showNew: () => void;
}

const nothing = { rows: [], waiting: 0, isReady: false, hasOlder: false, error: null, showNew: () => {} };

/**
 * Follows what a filter lets through while the component is shown. With another filter everything begins anew.
 *
 * @param filter the same object as long as it is the same; null: nothing is followed
 */
export function useLiveChanges(filter: ChangeFilter | null, mayMove: () => boolean): Following {
  const [{ of, following }, show] = useState<{ of: ChangeFilter | null; following: Following }>({
    ...{ of: null, following: nothing },
  });
  useEffect(() => {
    if (filter === null) return;
    const changes = new LiveChanges({
      follow: (signal) => feed.events(wanted(filter), { signal }),
      past: (signal) => {
        const query = queryOf(filter);
        query.set('n', past);
        return ask({ path: '/v1/changes', query, signal }, readChanges);
      },
      mayMove,
      inSight: () => Math.ceil(innerHeight / lowestRowPx),
      clock: systemClock,
    });
    const stop = changes.view.subscribe((view) => {
      if (isUnauthorized(view.error)) session.refused();
      show({ of: filter, following: { ...view, showNew: () => changes.showNew() } });
    });
    return () => {
      stop();
      changes.close();
    };
  }, [filter, mayMove]);
  // What is left of another filter is not what was asked for.
  return of === filter ? following : nothing;
}

/** Who may look at once need not wait for the pace: then looking takes no turn of a subscriber. */
function wanted({ repository, tag, type }: ChangeFilter) {
  const { kind } = session.state.value;
  const state = session.state.value;
  const pace = kind === 'open' && state.kind === 'open' && state.access.unpaced ? ('none' as const) : null;
  return {
    ...(repository.length > 0 && { repository }),
    ...(tag.length > 0 && { tag }),
    ...(type.length > 0 && { type }),
    ...(pace !== null && { pace }),
  };
}
