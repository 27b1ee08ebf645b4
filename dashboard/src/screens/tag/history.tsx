import type { ChangeRow } from '../../gateway/index-answers.ts';
import { originText } from '../../lib/origin.ts';
import { repositoryText } from '../../lib/reference.ts';
import type { Route } from '../../lib/route.ts';
import { ChangeType } from '../../parts/change-type.tsx';
import { Digest } from '../../parts/digest.tsx';
import { Empty } from '../../parts/empty.tsx';
import { Pages } from '../../parts/pages.tsx';
import { Section } from '../../parts/section.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { ClockTime } from '../../parts/time.tsx';

const columns: readonly Column<ChangeRow>[] = [
  { head: 'Recorded', name: 'when', width: 11, cell: ({ recordedAt }) => <ClockTime at={recordedAt} /> },
  { head: 'What', name: 'what', width: 8, cell: ({ type }) => <ChangeType type={type} /> },
  { head: 'To', width: 11, cell: (row) => <Digest value={row.digest} of={repositoryText(row)} /> },
  {
    head: 'From',
    name: 'from',
    width: 11,
    cell: (row) => <Digest value={row.previousDigest} of={repositoryText(row)} />,
  },
  { head: 'Heard from', name: 'origin', kind: 'grow', cell: ({ origin }) => originText(origin) },
];

/** What happened to a tag, newest first. */
export function History({
  answer: { changes, next },
  route,
}: {
  answer: { readonly changes: readonly ChangeRow[]; readonly next: string | null };
  route: Route;
}) {
  return (
    <Section title="History">
      {changes.length === 0 ? (
        <Empty title="No change of this tag is kept.">
          <p>What the gateway found at its first look is no change. Older ones are no longer kept.</p>
        </Empty>
      ) : (
        <Table
          name="feed history"
          caption="History"
          columns={columns}
          rows={changes}
          keyOf={({ position }) => position}
        />
      )}
      <Pages {...{ route, parameter: 'before', next }} words={{ first: 'Newest', next: 'Older changes' }} />
    </Section>
  );
}
