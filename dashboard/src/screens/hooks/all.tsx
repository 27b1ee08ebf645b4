import { type Hook, readDeliveries } from '../../gateway/deliveries.ts';
import { useQuestion } from '../../gateway/use-question.ts';
import { countOf, countText } from '../../lib/numbers.ts';
import { refusalOf } from '../../lib/refusals.ts';
import { hrefOf, type Route } from '../../lib/route.ts';
import { Empty } from '../../parts/empty.tsx';
import { freshnessOf } from '../../parts/freshness.tsx';
import { HookState, isRefused } from '../../parts/hook-state.tsx';
import { Pages } from '../../parts/pages.tsx';
import { RowLink } from '../../parts/row-link.tsx';
import { ScreenHead } from '../../parts/screen-head.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { RelativeTime } from '../../parts/time.tsx';
import { Trouble } from '../../parts/trouble.tsx';

/** Between two looks, ms. */
export const everyMs = 5_000;

/** The page of the list that is shown. */
function pageQuery(route: Route): string {
  const cursor = route.query.get('cursor');
  return cursor === null ? '' : new URLSearchParams({ cursor }).toString();
}

/** @param route its query says on which page the hooks stand */
function columnsOf(route: Route): readonly Column<Hook>[] {
  return [
    {
      head: 'Hook',
      kind: 'name',
      width: 12,
      cell: ({ name }) => <RowLink href={hrefOf('hooks', name, route.query)}>{name}</RowLink>,
    },
    { head: 'State', width: 8, cell: (hook) => <HookState hook={hook} /> },
    { head: 'Registry', width: 11, from: 'wide', cell: ({ registry }) => registry ?? 'any' },
    { head: 'Accepted', kind: 'number', width: 5.5, cell: ({ counts }) => countText(counts.accepted) },
    { head: 'Refused', kind: 'number', width: 5.5, cell: ({ counts }) => countText(counts.refused) },
    {
      head: 'Not proven',
      kind: 'number',
      width: 6,
      from: 'medium',
      cell: ({ counts }) => countText(counts.unverified),
    },
    {
      head: 'Last delivery',
      width: 8,
      cell: ({ lastDelivery }) =>
        lastDelivery === null ? <span class="muted">none yet</span> : <RelativeTime at={lastDelivery} />,
    },
    { head: 'What to do', kind: 'grow', cell: (hook) => <Advice hook={hook} /> },
  ];
}

function Advice({ hook }: { hook: Hook }) {
  if (hook.lastRefusal === null || !isRefused(hook)) {
    if (hook.lastDelivery !== null) return <span class="muted">nothing</span>;
    return <>Set the registry or script to send to this hook, or wait for the first push.</>;
  }
  const { cause, remedy } = refusalOf(hook.lastRefusal.code);
  return (
    <>
      <RelativeTime at={hook.lastRefusal.at} />: {cause} {remedy}
    </>
  );
}

/** All hooks, page by page. */
export function AllHooks({ route }: { route: Route }) {
  const asked = useQuestion({ path: '/v1/hooks', query: pageQuery(route), everyMs }, readDeliveries);
  const { value, error, reload } = asked;
  return (
    <>
      <ScreenHead
        title="Hooks"
        lead="Registries and scripts report pushes to these addresses. Counts begin at the gateway's start."
        state={freshnessOf(asked)}
      />
      {error !== null && <Trouble error={error} reload={reload} />}
      {value !== null && (
        <div class={error === null ? '' : 'dimmed'}>
          {value.hooks.length === 0 ? (
            <NoHook />
          ) : (
            <Table caption="Hooks" columns={columnsOf(route)} rows={value.hooks} keyOf={({ name }) => name} />
          )}
          <Pages
            {...{ route, parameter: 'cursor', next: value.next }}
            words={{ first: 'First hooks', next: 'More hooks' }}
          />
          <Unknown {...value.unknownNames} />
        </div>
      )}
    </>
  );
}

function NoHook() {
  return (
    <Empty title="No hook is configured.">
      <p>
        The setting <code>webhooks</code> names where registries and scripts may send.
      </p>
    </Empty>
  );
}

function Unknown({ count, last }: { count: number; last: { at: string; address: string } | null }) {
  if (last === null) return null;
  return (
    <p class="muted note">
      {countOf(count, 'delivery', 'deliveries')} came to hooks that are not configured, the last one{' '}
      <RelativeTime at={last.at} /> from <code>{last.address}</code>. A registry may still have the URL of a
      hook that was renamed or removed.
    </p>
  );
}
