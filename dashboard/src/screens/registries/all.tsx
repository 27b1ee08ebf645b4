import { type RegistryStatus, readStatus } from '../../gateway/status.ts';
import { readUpstreams, type Upstream } from '../../gateway/upstreams.ts';
import { useQuestion } from '../../gateway/use-question.ts';
import { countText } from '../../lib/numbers.ts';
import { hrefOf } from '../../lib/route.ts';
import { Empty } from '../../parts/empty.tsx';
import { freshnessOf } from '../../parts/freshness.tsx';
import { RegistryState } from '../../parts/registry-state.tsx';
import { RowLink } from '../../parts/row-link.tsx';
import { ScreenHead } from '../../parts/screen-head.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { RelativeTime } from '../../parts/time.tsx';
import { Trouble } from '../../parts/trouble.tsx';

/** Between two looks, ms. */
export const everyMs = 5_000;

/** How a registry does. */
export type State = Pick<RegistryStatus, 'state' | 'leftAloneUntil' | 'lastFailure'>;

/** @returns what the status says; of a registry that its answer has left out, what the poller alone knows */
export function stateOf({ registry, breaker }: Upstream, states: readonly RegistryStatus[]): State {
  const known = states.find((each) => each.registry === registry);
  if (known === undefined) {
    const state = { closed: 'ok', open: 'left-alone' }[breaker] ?? breaker;
    return { state, leftAloneUntil: null, lastFailure: null };
  }
  const { state, leftAloneUntil, lastFailure } = known;
  return { state, leftAloneUntil, lastFailure };
}

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
    cell: ({ state, leftAloneUntil }) => (
      <>
        <RegistryState state={state} />
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
    cell: ({ lastFailure }) =>
      lastFailure === null ? (
        <span class="muted">none</span>
      ) : (
        <>
          <RelativeTime at={lastFailure.at} />, {lastFailure.repository}: {lastFailure.reason}
        </>
      ),
  },
];

const lead = 'The gateway asks each registry once for all subscribers, and never more often than its budget.';

/** All configured registries. */
export function AllRegistries() {
  const asked = useQuestion({ path: '/v1/upstreams', query: 'n=0', everyMs }, readUpstreams);
  const status = useQuestion({ path: '/v1/status', everyMs }, readStatus);
  const states = status.value?.registries;
  const { value, error, reload } = asked;
  return (
    <>
      <ScreenHead title="Registries" lead={lead} state={freshnessOf(asked)} />
      {error !== null && <Trouble error={error} reload={reload} />}
      {value !== null && states !== undefined && (
        <div class={error === null ? '' : 'dimmed'}>
          {value.upstreams.length === 0 ? (
            <NoRegistry />
          ) : (
            <Table
              caption="Registries"
              columns={columns}
              rows={value.upstreams.map((each) => ({ ...each, ...stateOf(each, states) }))}
              keyOf={({ registry }) => registry}
            />
          )}
        </div>
      )}
    </>
  );
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
