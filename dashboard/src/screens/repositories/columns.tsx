import type { RepositoryRow } from '../../gateway/index-answers.ts';
import { countText } from '../../lib/numbers.ts';
import { ReferenceText, repositoryHref } from '../../parts/reference.tsx';
import { RowLink } from '../../parts/row-link.tsx';
import type { Column } from '../../parts/table.tsx';
import { RelativeTime } from '../../parts/time.tsx';

/** How repositories are listed. */
export const repositoryColumns: readonly Column<RepositoryRow>[] = [
  {
    head: 'Repository',
    kind: 'name',
    cell: (row) => (
      <RowLink href={repositoryHref(row)}>
        <ReferenceText of={row} />
      </RowLink>
    ),
  },
  { head: 'Tags', kind: 'number', width: 6, cell: ({ tags }) => countText(tags) },
  {
    head: 'Last change',
    width: 9,
    cell: ({ lastChange }) =>
      lastChange === null ? (
        <span class="muted">none kept</span>
      ) : (
        <RelativeTime at={lastChange.recordedAt} />
      ),
  },
  {
    head: 'Known by',
    width: 12,
    from: 'medium',
    cell: ({ polled }) => (polled ? 'polling' : 'webhooks only'),
  },
];
