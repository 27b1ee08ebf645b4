import { hrefOf } from '../../lib/route.ts';
import { RowLink } from '../../parts/row-link.tsx';
import { Section } from '../../parts/section.tsx';
import { type Column, Table } from '../../parts/table.tsx';

interface Row {
  readonly registry: string;
  /** Part of R, up to 1. */
  readonly factor: number;
}

const columns: readonly Column<Row>[] = [
  {
    head: 'Registry',
    kind: 'name',
    width: 20,
    cell: ({ registry }) => <RowLink href={hrefOf('registries', registry)}>{registry}</RowLink>,
  },
  {
    head: 'Of the pace',
    kind: 'number',
    width: 8,
    cell: ({ factor }) => `${Math.round(factor * 100)} %`,
  },
  {
    head: 'Why',
    kind: 'grow',
    cell: () => 'It asked for fewer requests, so its changes go out more slowly.',
  },
];

/** Registries that asked for fewer requests: their subscribers should pull more slowly too. */
export function Pressed({ registries }: { registries: Readonly<Record<string, number>> }) {
  const rows = Object.entries(registries)
    .map(([registry, factor]) => ({ registry, factor }))
    .filter(({ factor }) => factor < 1);
  if (rows.length === 0) return null;
  return (
    <Section title="Registries that asked for less">
      <Table
        caption="Registries that asked for less"
        {...{ columns, rows, keyOf: ({ registry }: Row) => registry }}
      />
    </Section>
  );
}
