import type { ChangeRow } from '../../gateway/index-answers.ts';
import { originText } from '../../lib/origin.ts';
import { repositoryText } from '../../lib/reference.ts';
import { ChangeType } from '../../parts/change-type.tsx';
import { Digest } from '../../parts/digest.tsx';
import { ReferenceText, repositoryHref, tagHref } from '../../parts/reference.tsx';
import { RowLink } from '../../parts/row-link.tsx';
import type { Column } from '../../parts/table.tsx';
import { ClockTime } from '../../parts/time.tsx';

/** How changes are listed. */
export const changeColumns: readonly Column<ChangeRow>[] = [
  { head: 'Recorded', name: 'when', width: 8.5, cell: ({ recordedAt }) => <ClockTime at={recordedAt} /> },
  { head: 'What', name: 'what', width: 6.5, cell: ({ type }) => <ChangeType type={type} /> },
  {
    head: 'Tag',
    kind: 'name',
    cell: (row) => (
      <RowLink href={row.tag === null ? repositoryHref(row) : tagHref(row, row.tag)}>
        {row.tag === null ? <ReferenceText of={row} /> : <ReferenceText of={row} tag={row.tag} />}
      </RowLink>
    ),
  },
  { head: 'To', width: 10, cell: (row) => <Digest value={row.digest} of={repositoryText(row)} /> },
  {
    head: 'From',
    name: 'from',
    width: 10,
    from: 'wide',
    cell: (row) => <Digest value={row.previousDigest} of={repositoryText(row)} />,
  },
  { head: 'Heard from', name: 'origin', width: 11, from: 'medium', cell: ({ origin }) => originText(origin) },
];
