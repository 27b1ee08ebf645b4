import { filterOf } from '../lib/change-filter.ts';
import type { Route } from '../lib/route.ts';
import { ChangeFilterForm } from './changes/filter-form.tsx';
import { Live } from './changes/live.tsx';
import { Past } from './changes/past.tsx';
import type { Screen } from './screen.ts';

/** What changes, as it changes; and what changed before. The filter stands in the address. */
export const changesScreen: Screen = {
  ...{ name: 'changes', title: 'Changes', key: 'c', group: 'users' },
  View: Changes,
};

function Changes({ route }: { route: Route }) {
  const filter = filterOf(route.query);
  // With another filter everything begins anew.
  const key = JSON.stringify(filter);
  const form = <ChangeFilterForm key={key} route={route} filter={filter} />;
  if (route.query.has('before')) return <Past {...{ route, filter, form }} />;
  return <Live key={key} {...{ route, filter, form }} />;
}
