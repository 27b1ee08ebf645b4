import { readStatus } from '../../gateway/status.ts';
import { type PolledRepository, readUpstreams, type Upstream } from '../../gateway/upstreams.ts';
import { useQuestion } from '../../gateway/use-question.ts';
import { countOf, countText } from '../../lib/numbers.ts';
import { hrefOf } from '../../lib/route.ts';
import { lengthOf } from '../../lib/time-words.ts';
import { Breakable } from '../../parts/breakable.tsx';
import { Empty } from '../../parts/empty.tsx';
import { Figure, Figures } from '../../parts/figure.tsx';
import { freshnessOf } from '../../parts/freshness.tsx';
import { ReferenceText, repositoryHref } from '../../parts/reference.tsx';
import { RegistryState } from '../../parts/registry-state.tsx';
import { RowLink } from '../../parts/row-link.tsx';
import { ScreenHead } from '../../parts/screen-head.tsx';
import { Section } from '../../parts/section.tsx';
import { type Column, maxRows, Table } from '../../parts/table.tsx';
import { RelativeTime } from '../../parts/time.tsx';
import { Trouble } from '../../parts/trouble.tsx';
import { everyMs } from './all.tsx';
import { meaningOf } from './meaning.ts';
import { type State, stateOf } from './state.ts';

type Row = PolledRepository & { readonly registry: string };

const columns: readonly Column<Row>[] = [
  {
    head: 'Repository',
    kind: 'name',
    width: 16,
    cell: (row) => (
      <RowLink href={repositoryHref(row)}>
        <ReferenceText of={row} />
      </RowLink>
    ),
  },
  {
    head: 'Asked for by',
    width: 8,
    cell: ({ watched }) => (watched ? 'configuration' : 'subscribers'),
  },
  { head: 'Tags', width: 9, from: 'wide', cell: ({ scopes }) => <code>{scopes.join(', ')}</code> },
  {
    head: 'Every',
    kind: 'number',
    width: 5,
    cell: ({ intervalMs }) => (intervalMs === 0 ? '–' : lengthOf(intervalMs)),
  },
  { head: 'Last look', width: 6.5, cell: ({ lastLook }) => <RelativeTime at={lastLook} /> },
  { head: 'Next look', width: 6.5, from: 'medium', cell: ({ nextLook }) => <RelativeTime at={nextLook} /> },
  {
    head: 'Failed',
    kind: 'grow',
    cell: ({ failures, lastError }) =>
      lastError === null ? (
        <span class="muted">no</span>
      ) : (
        <Breakable
          text={`${failures <= 1 ? 'Last time' : `${countText(failures)} times in a row`}: ${lastError}`}
        />
      ),
  },
];

/** One registry: what its state means, and how each repository does. */
export function OneRegistry({ registry }: { registry: string }) {
  const query = new URLSearchParams({ registry, n: String(maxRows) }).toString();
  const asked = useQuestion({ path: '/v1/upstreams', query, everyMs }, readUpstreams);
  const status = useQuestion({ path: '/v1/status', everyMs }, readStatus);
  const { value, error, reload } = asked;
  const upstream = value?.upstreams[0];
  const back = <a href={hrefOf('registries')}>All registries</a>;
  return (
    <>
      <ScreenHead title={registry} lead={back} state={freshnessOf(asked)} />
      {error !== null && <Trouble error={error} reload={reload} />}
      {value !== null && upstream === undefined && (
        <Empty title="This registry is not configured.">
          <p>
            The setting <code>registries</code> has no such host.
          </p>
        </Empty>
      )}
      {upstream !== undefined && status.value !== null && (
        <div class={error === null ? '' : 'dimmed'}>
          <Glance upstream={upstream} state={stateOf(upstream, status.value)} />
          <Repositories upstream={upstream} />
        </div>
      )}
    </>
  );
}

function Glance({ upstream, state }: { upstream: Upstream; state: State }) {
  const { requestsPerSecond, total, due, failing } = upstream;
  const { cause, remedy } = meaningOf(state);
  return (
    <>
      <p class="meaning">
        <strong>{cause}</strong> {remedy}
      </p>
      <Figures>
        <Figure
          name="State"
          note={
            state.leftAloneUntil !== null && (
              <>
                asked again <RelativeTime at={state.leftAloneUntil} />
              </>
            )
          }
        >
          <RegistryState state={state.state} absence={state.absence} />
        </Figure>
        <Figure name="Budget" note="for all gateways together">
          {countText(requestsPerSecond)} /s
        </Figure>
        <Figure name="Polled" note={total === 1 ? 'repository' : 'repositories'}>
          {countText(total)}
        </Figure>
        <Figure name="Due now" note="wait for their turn">
          {countText(due)}
        </Figure>
        <Figure name="Failing" note="at their last look">
          {countText(failing)}
        </Figure>
      </Figures>
    </>
  );
}

function Repositories({ upstream: { registry, repositories, total } }: { upstream: Upstream }) {
  const left = total - repositories.length;
  return (
    <Section title="Repositories">
      {repositories.length === 0 ? (
        <Empty title="No repository of this registry is polled.">
          <p>
            The setting <code>watch</code> names those that always are. With{' '}
            <code>registries[].poll.onDemand</code> so are those that a subscriber names.
          </p>
        </Empty>
      ) : (
        <Table
          caption={`Repositories of ${registry}, those that failed first`}
          columns={columns}
          rows={repositories.map((each) => ({ ...each, registry }))}
          keyOf={({ repository }) => repository}
        />
      )}
      {left > 0 && (
        <p class="muted">
          {countOf(left, 'repository', 'repositories')} more; those that failed are all shown first.
        </p>
      )}
    </Section>
  );
}
