import { readChanges } from '../../gateway/index-answers.ts';
import { useQuestion } from '../../gateway/use-question.ts';
import { type ChangeFilter, queryOf } from '../../lib/change-filter.ts';
import { hrefOf, type Route } from '../../lib/route.ts';
import { Empty } from '../../parts/empty.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Pages } from '../../parts/pages.tsx';
import { ScreenHead } from '../../parts/screen-head.tsx';
import { Table } from '../../parts/table.tsx';
import { Trouble } from '../../parts/trouble.tsx';
import { changeColumns } from './columns.tsx';

/** Rows of a page. */
const rows = '100';

export interface PastProps {
  readonly route: Route;
  readonly filter: ChangeFilter;
}

/** Before which change these are, and the way back. */
export function PastHead({ route, filter }: PastProps) {
  return (
    <ScreenHead title="Older changes" lead={`Before position ${route.query.get('before')}`}>
      <a class="button" href={hrefOf(route.screen, '', queryOf(filter))}>
        <Icon name="live" />
        Back to live
      </a>
    </ScreenHead>
  );
}

/** Changes before a position. They do not change any more. */
export function PastList({ route, filter }: PastProps) {
  const query = queryOf(filter);
  query.set('n', rows);
  query.set('before', route.query.get('before') ?? '');
  const asked = useQuestion({ path: '/v1/changes', query: query.toString() }, readChanges);
  const { value, error, reload } = asked;
  return (
    <>
      {error !== null && <Trouble error={error} reload={reload} />}
      {value !== null && (
        <>
          {value.changes.length === 0 ? (
            <Empty title="No older change is kept." />
          ) : (
            <Table
              name="feed"
              caption="Older changes"
              columns={changeColumns}
              rows={value.changes}
              keyOf={({ position }) => position}
            />
          )}
          <Pages
            {...{ route, parameter: 'before', next: value.next }}
            words={{ first: 'Newest', next: 'Older changes' }}
          />
        </>
      )}
    </>
  );
}
