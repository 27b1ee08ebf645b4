import type { HookStatus } from '../../gateway/status.ts';
import { countText } from '../../lib/numbers.ts';
import { hrefOf } from '../../lib/route.ts';
import { Empty } from '../../parts/empty.tsx';
import { HookState } from '../../parts/hook-state.tsx';
import { RowLink } from '../../parts/row-link.tsx';
import { Section } from '../../parts/section.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { RelativeTime } from '../../parts/time.tsx';

const columns: readonly Column<HookStatus>[] = [
  {
    head: 'Hook',
    kind: 'name',
    width: 14,
    cell: ({ name }) => <RowLink href={hrefOf('hooks', name)}>{name}</RowLink>,
  },
  { head: 'State', width: 9, cell: (hook) => <HookState hook={hook} /> },
  { head: 'Accepted', kind: 'number', width: 6, cell: ({ counts }) => countText(counts.accepted) },
  {
    head: 'Refused',
    kind: 'number',
    width: 6,
    cell: ({ counts }) => countText(counts.refused + counts.unverified),
  },
  {
    head: 'Last delivery',
    width: 8,
    cell: ({ lastDelivery }) =>
      lastDelivery === null ? <span class="muted">none yet</span> : <RelativeTime at={lastDelivery} />,
  },
  {
    head: 'Last refusal',
    kind: 'grow',
    cell: ({ lastRefusal }) =>
      lastRefusal === null ? (
        <span class="muted">none</span>
      ) : (
        <span>
          <RelativeTime at={lastRefusal.at} />, {lastRefusal.code}: {lastRefusal.reason}
        </span>
      ),
  },
];

/** What came to each hook, in short. */
export function Hooks({ hooks, more }: { hooks: readonly HookStatus[]; more: number }) {
  return (
    <Section title="Hooks" more={more} href={hrefOf('hooks')}>
      {hooks.length === 0 ? (
        <Empty title="No hook is configured.">
          <p>
            The setting <code>webhooks</code> names where registries and scripts may send.
          </p>
        </Empty>
      ) : (
        <Table caption="Hooks" columns={columns} rows={hooks} keyOf={({ name }) => name} />
      )}
    </Section>
  );
}
