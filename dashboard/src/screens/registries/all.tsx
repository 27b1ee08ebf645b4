import { readStatus, type Status } from '../../gateway/status.ts';
import { readUpstreams, type Upstream } from '../../gateway/upstreams.ts';
import { useQuestion } from '../../gateway/use-question.ts';
import { countText } from '../../lib/numbers.ts';
import { hrefOf } from '../../lib/route.ts';
import { Breakable } from '../../parts/breakable.tsx';
import { Empty } from '../../parts/empty.tsx';
import { freshnessOf } from '../../parts/freshness.tsx';
import { RegistryState } from '../../parts/registry-state.tsx';
import { RowLink } from '../../parts/row-link.tsx';
import { ScreenHead } from '../../parts/screen-head.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { RelativeTime } from '../../parts/time.tsx';
import { Trouble } from '../../parts/trouble.tsx';
import { type State, stateOf } from './state.ts';

/** Between two looks, ms. */
export const everyMs = 5_000;

type Row = Upstream & State;

const columns: readonly Column<Row>[] = [
  {
    head: 'Registry',
    kind: 'name',
    width: 13,
    cell: ({ registry }) => <RowLink href={hrefOf('registries', registry)}>{registry}</RowLink>,
  },
  {
    head: 'State',
    width: 9.5,
    cell: ({ state, leftAloneUntil, absence }) => (
      <>
        <RegistryState state={state} absence={absence} />
        {leftAloneUntil !== null && (
          <div class="muted">
            asked again <RelativeTime at={leftAloneUntil} />
          </div>
        )}
      </>
    ),
  },
  {
    head: 'Budget',
    kind: 'number',
    width: 4.5,
    cell: ({ requestsPerSecond }) => `${countText(requestsPerSecond)} /s`,
  },
  { head: 'Polled', kind: 'number', width: 4.5, cell: ({ total }) => countText(total) },
  { head: 'Due now', kind: 'number', width: 5, cell: ({ due }) => countText(due) },
  { head: 'Failing', kind: 'number', width: 4.5, cell: ({ failing }) => countText(failing) },
  {
    head: 'Last failure',
    kind: 'grow',
    cell: ({ lastFailure, absence }) => {
      if (lastFailure === null) return absence === null ? <span class="muted">none</span> : absence.cause;
      return (
        <>
          <RelativeTime at={lastFailure.at} />,{' '}
          <Breakable text={`${lastFailure.repository}: ${lastFailure.reason}`} />
        </>
      );
    },
  },
];

const lead = 'The gateway asks each registry once for all subscribers, and never more often than its budget.';

/** All configured registries. */
export function AllRegistries() {
  const asked = useQuestion({ path: '/v1/upstreams', query: 'n=0', everyMs }, readUpstreams);
  const status = useQuestion({ path: '/v1/status', everyMs }, readStatus);
  const { value, error, reload } = asked;
  return (
    <>
      <ScreenHead title="Registries" lead={lead} state={freshnessOf(asked)} />
      {error !== null && <Trouble error={error} reload={reload} />}
      {value !== null && status.value !== null && (
        <div class={error === null ? '' : 'dimmed'}>
          {value.upstreams.length === 0 ? (
            <NoRegistry />
          ) : (
            <Table
              caption="Registries"
              columns={columns}
              rows={rowsOf(value.upstreams, status.value)}
              keyOf={({ registry }) => registry}
            />
          )}
        </div>
      )}
    </>
  );
}

function rowsOf(upstreams: readonly Upstream[], status: Status): readonly Row[] {
  return upstreams.map((each) => ({ ...each, ...stateOf(each, status) }));
}

function NoRegistry() {
  return (
    <Empty title="No registry is configured.">
      <p>
        The gateway polls only registries that the setting <code>registries</code> names. Without any it hears
        of changes by <a href={hrefOf('hooks')}>hooks</a>.
      </p>
    </Empty>
  );
}
