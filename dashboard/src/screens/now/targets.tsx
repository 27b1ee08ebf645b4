import type { TargetStatus } from '../../gateway/status.ts';
import { hrefOf } from '../../lib/route.ts';
import { shortened } from '../../lib/shortened.ts';
import { Breakable } from '../../parts/breakable.tsx';
import { RowLink } from '../../parts/row-link.tsx';
import { Section } from '../../parts/section.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Late, TargetState } from '../../parts/target-state.tsx';
import { RelativeTime } from '../../parts/time.tsx';

const columns: readonly Column<TargetStatus>[] = [
  {
    head: 'Target',
    kind: 'name',
    width: 14,
    cell: ({ name }) => <RowLink href={hrefOf('targets', name)}>{name}</RowLink>,
  },
  {
    head: 'State',
    width: 9,
    cell: ({ state, late, waitingSince }) => (
      <>
        <TargetState state={state} />
        {late && <Late since={waitingSince} />}
      </>
    ),
  },
  { head: 'Kind', width: 12, cell: ({ kind }) => kind },
  {
    head: 'Last failure',
    kind: 'grow',
    cell: ({ lastFailure }) =>
      lastFailure === null ? (
        <span class="muted">none</span>
      ) : (
        <>
          <RelativeTime at={lastFailure.at} />, <Breakable text={shortened(lastFailure.why)} />
        </>
      ),
  },
];

/** How each tool does that the gateway triggers, in short; nothing where none is configured. */
export function Targets({ targets, more }: { targets: readonly TargetStatus[]; more: number }) {
  if (targets.length === 0) return null;
  return (
    <Section title="Targets" more={more} href={hrefOf('targets')}>
      <Table caption="Targets" columns={columns} rows={targets} keyOf={({ name }) => name} />
    </Section>
  );
}
