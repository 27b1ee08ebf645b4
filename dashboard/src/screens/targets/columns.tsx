import type { Target } from '../../gateway/targets.ts';
import { countText } from '../../lib/numbers.ts';
import { hrefOf, type Route } from '../../lib/route.ts';
import { shortened } from '../../lib/shortened.ts';
import { Breakable } from '../../parts/breakable.tsx';
import { RowLink } from '../../parts/row-link.tsx';
import type { Column } from '../../parts/table.tsx';
import { Late, TargetState } from '../../parts/target-state.tsx';
import { RelativeTime } from '../../parts/time.tsx';
import { WishButtons, WishOutcomeText } from './wish-buttons.tsx';
import type { Wishes } from './wishes.ts';
import { givenUpOf, holderText } from './words.ts';

/** @param route its query says which of the targets are shown */
export function columnsOf(route: Route, wishes: Wishes): readonly Column<Target>[] {
  return [
    {
      head: 'Target',
      kind: 'name',
      width: 9,
      cell: ({ name }) => <RowLink href={hrefOf('targets', name, route.query)}>{name}</RowLink>,
    },
    { head: 'State', width: 8.5, cell: (target) => <State of={target} /> },
    { head: 'Tool', width: 11.25, from: 'medium', cell: ({ kind, url }) => <Tool {...{ kind, url }} /> },
    { head: 'Position', width: 8.5, from: 'wide', cell: ({ position }) => <code>{position ?? '–'}</code> },
    { head: 'Lag', kind: 'number', width: 4, cell: ({ lag }) => countText(lag) },
    {
      head: 'Accepted',
      kind: 'number',
      width: 5,
      from: 'medium',
      cell: ({ counts }) => (counts === null ? dash : countText(counts.accepted ?? 0)),
    },
    {
      head: 'Given up',
      kind: 'number',
      width: 5,
      from: 'wide',
      cell: ({ counts }) => (counts === null ? dash : countText(givenUpOf(counts))),
    },
    { head: 'Last success', width: 6.5, cell: ({ lastSuccess }) => <RelativeTime at={lastSuccess} /> },
    {
      head: 'Last failure',
      kind: 'grow',
      cell: (target) => (
        <>
          <Failure of={target} />
          <WishOutcomeText name={target.name} wishes={wishes} />
        </>
      ),
    },
    {
      head: 'Action',
      width: 6,
      cell: (target) => (
        <div class="actions">
          <WishButtons {...{ target, wishes }} />
        </div>
      ),
    },
  ];
}

const dash = <span class="muted">–</span>;

function State({ of: { state, retryAt, waiting, waitingSince, late, holder } }: { of: Target }) {
  return (
    <>
      <TargetState state={state} />
      {state === 'retrying' && retryAt !== null && (
        <div class="muted">
          again <RelativeTime at={retryAt} />
        </div>
      )}
      {state === 'elsewhere' && <div class="muted">at {holderText({ holder })}</div>}
      {waiting !== null && waiting > 0 && <div class="muted">{countText(waiting)} wait</div>}
      {late && <Late since={waitingSince} />}
    </>
  );
}

/** Its kind, and the origin of its URL. */
function Tool({ kind, url }: Pick<Target, 'kind' | 'url'>) {
  return (
    <>
      <div>{kind}</div>
      {url !== null && (
        <div class="muted">
          <Breakable text={url} />
        </div>
      )}
    </>
  );
}

function Failure({ of: { disabled, lastFailure } }: { of: Target }) {
  if (lastFailure === null)
    return disabled === null ? <span class="muted">none</span> : <Breakable text={shortened(disabled)} />;
  return (
    <>
      <RelativeTime at={lastFailure.at} />, <Breakable text={shortened(lastFailure.why)} />
    </>
  );
}
