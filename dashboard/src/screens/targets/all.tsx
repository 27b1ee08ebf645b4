import { useMemo } from 'preact/hooks';
import { readTargets, type Target } from '../../gateway/targets.ts';
import { useQuestion } from '../../gateway/use-question.ts';
import { hrefOf, type Route } from '../../lib/route.ts';
import { Empty } from '../../parts/empty.tsx';
import { freshnessOf } from '../../parts/freshness.tsx';
import { Pages } from '../../parts/pages.tsx';
import { ScreenHead } from '../../parts/screen-head.tsx';
import { Table } from '../../parts/table.tsx';
import { Trouble } from '../../parts/trouble.tsx';
import { useKeptRows } from '../../parts/use-kept-rows.ts';
import { columnsOf } from './columns.tsx';
import { NoTarget } from './no-target.tsx';
import { countStates, selectionOf } from './selection.ts';
import { States } from './states.tsx';
import { useWishes, type Wishes } from './wishes.ts';

/** Between two looks, ms. */
export const everyMs = 5_000;

/** All configured targets, page by page. */
export function AllTargets({ route }: { route: Route }) {
  const asked = useQuestion({ path: '/v1/targets', everyMs }, readTargets);
  const { value, error, reload } = asked;
  const wishes = useWishes(reload);
  return (
    <>
      <ScreenHead
        title="Targets"
        lead={value === null ? lead : <Lead gateway={value.gateway} />}
        state={freshnessOf(asked)}
      />
      {error !== null && <Trouble error={error} reload={reload} />}
      {value !== null && (
        <div class={error === null ? '' : 'dimmed'}>
          {value.targets.length === 0 ? (
            <NoTarget />
          ) : (
            <Shown {...{ targets: value.targets, route, wishes }} />
          )}
        </div>
      )}
    </>
  );
}

const lead = 'Tools that the gateway triggers when an image changes.';

/** Several gateways serve each target once, and only the one that does tells more of it. */
function Lead({ gateway }: { gateway: string }) {
  return (
    <>
      {lead} Gateway <strong>{gateway}</strong> answers.
    </>
  );
}

interface ShownProps {
  readonly targets: readonly Target[];
  readonly route: Route;
  readonly wishes: Wishes;
}

function Shown({ targets, route, wishes }: ShownProps) {
  const { state, rows, next } = selectionOf(targets, route.query);
  const counts = countStates(targets);
  const kept = useKeptRows(rows, nameOf);
  const columns = useMemo(() => columnsOf(route, wishes), [route, wishes]);
  return (
    <>
      {(counts.length > 1 || state !== null) && (
        <States {...{ route, chosen: state, counts, total: targets.length }} />
      )}
      {rows.length === 0 ? (
        <Empty title="No target is in this state now.">
          <p>
            <a href={hrefOf('targets')}>All targets</a>
          </p>
        </Empty>
      ) : (
        <Table caption="Targets" columns={columns} rows={kept} keyOf={nameOf} />
      )}
      <Pages
        {...{ route, parameter: 'from', next }}
        words={{ first: 'First targets', next: 'More targets' }}
      />
    </>
  );
}

function nameOf({ name }: Target): string {
  return name;
}
