import {
  readSubscribers,
  type ShownSubscription,
  type SubscriberRow,
  targetOf,
} from '../gateway/subscribers.ts';
import { useQuestion } from '../gateway/use-question.ts';
import { countOf, countText } from '../lib/numbers.ts';
import { hrefOf, type Route } from '../lib/route.ts';
import { Badge } from '../parts/badge.tsx';
import { Empty } from '../parts/empty.tsx';
import { freshnessOf } from '../parts/freshness.tsx';
import { Pages } from '../parts/pages.tsx';
import { ScreenHead } from '../parts/screen-head.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { RelativeTime } from '../parts/time.tsx';
import { Trouble } from '../parts/trouble.tsx';
import type { Screen } from './screen.ts';

/** Between two looks, ms. */
const everyMs = 5_000;
/** Rows of a page. */
const rows = '100';

/** Who is connected to this gateway, and how far each one is. */
export const subscribersScreen: Screen = {
  ...{ name: 'subscribers', title: 'Subscribers', key: 's', group: 'operators' },
  View: Subscribers,
};

const transports: Readonly<Record<string, string>> = { sse: 'SSE', websocket: 'WebSocket', target: 'Target' };

const columns: readonly Column<SubscriberRow>[] = [
  { head: 'Number', kind: 'name', width: 4.5, cell: ({ number }) => countText(number) },
  { head: 'State', width: 6, cell: (row) => <State row={row} /> },
  { head: 'Transport', width: 6, cell: ({ transport }) => transports[transport] ?? transport },
  {
    head: 'Who',
    width: 9,
    cell: (row) => <Who row={row} />,
  },
  { head: 'Filter', kind: 'grow', cell: (row) => <Filters of={row} /> },
  { head: 'Position', width: 10, from: 'wide', cell: ({ position }) => <code>{position ?? '–'}</code> },
  { head: 'Lag', kind: 'number', width: 4, cell: ({ lag }) => countText(lag) },
  { head: 'Held until', width: 6, cell: ({ heldUntil }) => <RelativeTime at={heldUntil} /> },
  {
    head: 'Connected',
    width: 6.5,
    from: 'medium',
    cell: ({ connectedAt }) => <RelativeTime at={connectedAt} />,
  },
];

function Who({ row }: { row: SubscriberRow }) {
  const target = targetOf(row);
  if (target !== null) return <a href={hrefOf('targets', target)}>{target}</a>;
  const { token, address } = row;
  return (
    <>
      {token !== null && <div>{token}</div>}
      <code class={token === null ? '' : 'muted'}>{address}</code>
    </>
  );
}

function State({ row: { state, blockedSince } }: { row: SubscriberRow }) {
  return (
    <>
      {state === 'live' ? (
        <Badge {...{ tone: 'good', icon: 'live' }}>Live</Badge>
      ) : state === 'behind' ? (
        <Badge {...{ tone: 'warning', icon: 'waiting' }}>Behind</Badge>
      ) : (
        <Badge {...{ tone: 'quiet', icon: 'close' }}>Closed</Badge>
      )}
      {blockedSince !== null && (
        <div class="muted">
          takes nothing since <RelativeTime at={blockedSince} />
        </div>
      )}
    </>
  );
}

function Filters({ of: { subscriptions, moreSubscriptions, paced, conflate } }: { of: SubscriberRow }) {
  return (
    <ul>
      {subscriptions.map((each) => (
        <li key={each.id}>
          <Filter of={each} />
        </li>
      ))}
      {moreSubscriptions > 0 && <li class="muted">and {countOf(moreSubscriptions, 'subscription')} more</li>}
      {(!paced || conflate) && (
        <li class="muted">
          {[...(paced ? [] : ['without pace']), ...(conflate ? ['conflated'] : [])].join(', ')}
        </li>
      )}
    </ul>
  );
}

/** What subscribers get that name no types. */
const usualTypes = 'tag.created,tag.updated,tag.deleted';

function Filter({ of: { repository, tag, type, platform, more } }: { of: ShownSubscription }) {
  const words = [
    repository.length === 0 ? 'every repository' : repository.join(', '),
    ...(tag.length === 0 ? [] : [`tags ${tag.join(', ')}`]),
    ...(type.length === 0 || type.join() === usualTypes ? [] : [type.join(', ')]),
    ...(platform.length === 0 ? [] : [platform.join(', ')]),
    ...(more === 0 ? [] : [`and ${countOf(more, 'value')} more`]),
  ];
  return <>{words.join('; ')}</>;
}

function Subscribers({ route }: { route: Route }) {
  const query = new URLSearchParams({ n: rows });
  const cursor = route.query.get('cursor');
  if (cursor !== null) query.set('cursor', cursor);
  const asked = useQuestion({ path: '/v1/subscribers', query: query.toString(), everyMs }, readSubscribers);
  const { value, error, reload } = asked;
  return (
    <>
      <ScreenHead
        title="Subscribers"
        lead="Who is connected to this gateway. Lag: how many changes a subscriber is behind."
        state={freshnessOf(asked)}
      />
      {error !== null && <Trouble error={error} reload={reload} />}
      {value !== null && (
        <div class={error === null ? '' : 'dimmed'}>
          {value.subscribers.length === 0 ? (
            <Empty title="Nobody is connected.">
              <p>
                <a href={hrefOf('connect')}>How to connect</a>
              </p>
            </Empty>
          ) : (
            <Table
              caption="Subscribers"
              columns={columns}
              rows={value.subscribers}
              keyOf={({ number }) => String(number)}
            />
          )}
          <Pages
            {...{ route, parameter: 'cursor', next: value.next }}
            words={{ first: 'First subscribers', next: 'More subscribers' }}
          />
        </div>
      )}
    </>
  );
}
