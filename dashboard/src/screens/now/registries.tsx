import { absenceAt, type RegistryStatus, type StatusWarning } from '../../gateway/status.ts';
import { hrefOf } from '../../lib/route.ts';
import { Breakable } from '../../parts/breakable.tsx';
import { Empty } from '../../parts/empty.tsx';
import { RegistryState } from '../../parts/registry-state.tsx';
import { RowLink } from '../../parts/row-link.tsx';
import { Section } from '../../parts/section.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { RelativeTime } from '../../parts/time.tsx';

type Row = RegistryStatus & { readonly absence: StatusWarning | null };

const columns: readonly Column<Row>[] = [
  {
    head: 'Registry',
    kind: 'name',
    width: 14,
    cell: ({ registry }) => <RowLink href={hrefOf('registries', registry)}>{registry}</RowLink>,
  },
  {
    head: 'State',
    width: 9,
    cell: ({ state, absence }) => <RegistryState state={state} absence={absence} />,
  },
  { head: 'Polled', kind: 'number', width: 6, cell: ({ repositories }) => repositories },
  {
    head: 'Last failure',
    kind: 'grow',
    cell: ({ lastFailure }) =>
      lastFailure === null ? (
        <span class="muted">none</span>
      ) : (
        <span>
          <RelativeTime at={lastFailure.at} />,{' '}
          <Breakable text={`${lastFailure.repository}: ${lastFailure.reason}`} />
        </span>
      ),
  },
];

/** How each registry does, in short. */
export function Registries({
  registries,
  warnings,
  more,
}: {
  registries: readonly RegistryStatus[];
  warnings: readonly StatusWarning[];
  more: number;
}) {
  const rows = registries.map((each) => ({ ...each, absence: absenceAt(each.registry, warnings) }));
  return (
    <Section title="Registries" more={more} href={hrefOf('registries')}>
      {registries.length === 0 ? (
        <Empty title="No registry is configured.">
          <p>
            The gateway asks only registries that the setting <code>registries</code> names. Without any it
            hears of changes by webhooks.
          </p>
        </Empty>
      ) : (
        <Table caption="Registries" columns={columns} rows={rows} keyOf={({ registry }) => registry} />
      )}
    </Section>
  );
}
