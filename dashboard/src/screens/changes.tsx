import { useMemo } from 'preact/hooks';
import { filterOf } from '../lib/change-filter.ts';
import type { Route } from '../lib/route.ts';
import { ChangeFilterForm } from './changes/filter-form.tsx';
import { LiveHead, LiveList } from './changes/live.tsx';
import { PastHead, PastList } from './changes/past.tsx';
import { useLive } from './changes/use-live.ts';
import type { Screen } from './screen.ts';

/** What changes, as it changes; and what changed before. The filter stands in the address. */
export const changesScreen: Screen = {
  ...{ name: 'changes', title: 'Changes', key: 'c', group: 'users' },
  View: Changes,
};

function Changes({ route }: { route: Route }) {
  const said = JSON.stringify(filterOf(route.query));
  const filter = useMemo(() => filterOf(route.query), [said]);
  const isLive = !route.query.has('before');
  const live = useLive(isLive ? filter : null);
  // One form for all filters, so that it keeps the focus; and drawn for a new address only, so that no change that
  // comes meanwhile takes what somebody types.
  const form = useMemo(() => <ChangeFilterForm route={route} filter={filter} />, [route, filter]);
  return (
    <>
      {isLive ? <LiveHead {...{ live, filter }} /> : <PastHead {...{ route, filter }} />}
      {form}
      {isLive ? <LiveList {...{ live, route, filter }} /> : <PastList {...{ route, filter }} />}
    </>
  );
}
