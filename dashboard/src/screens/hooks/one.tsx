import { type Delivery, type Hook, readDeliveries } from '../../gateway/deliveries.ts';
import { gatewayUrl } from '../../gateway/gateway.ts';
import { useQuestion } from '../../gateway/use-question.ts';
import { docsUrl } from '../../lib/docs-url.ts';
import { bytesText, countText } from '../../lib/numbers.ts';
import { refusalOf, resultText } from '../../lib/refusals.ts';
import { hrefOf, type Route } from '../../lib/route.ts';
import { Badge } from '../../parts/badge.tsx';
import { Breakable, BreakableName } from '../../parts/breakable.tsx';
import { Copy } from '../../parts/copy.tsx';
import { Empty } from '../../parts/empty.tsx';
import { Figure, Figures } from '../../parts/figure.tsx';
import { freshnessOf } from '../../parts/freshness.tsx';
import { HookState, isRefused } from '../../parts/hook-state.tsx';
import { ScreenHead } from '../../parts/screen-head.tsx';
import { Section } from '../../parts/section.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { ClockTime, RelativeTime } from '../../parts/time.tsx';
import { Trouble } from '../../parts/trouble.tsx';
import { everyMs } from './all.tsx';

const columns: readonly Column<Delivery>[] = [
  { head: 'When', kind: 'name', width: 9, cell: ({ at }) => <ClockTime at={at} /> },
  { head: 'From', width: 10, from: 'medium', cell: ({ address }) => <code>{address}</code> },
  { head: 'Result', width: 14, cell: (delivery) => <Result delivery={delivery} /> },
  { head: 'Status', kind: 'number', width: 5, cell: ({ status }) => status },
  { head: 'Size', kind: 'number', width: 6, from: 'medium', cell: ({ bytes }) => bytesText(bytes) },
  {
    head: 'Why',
    kind: 'grow',
    cell: ({ code, reason }) =>
      code === null ? (
        <span class="muted">–</span>
      ) : (
        <>
          <div>{refusalOf(code).cause}</div>
          {reason !== null && <div class="muted">{reason}</div>}
        </>
      ),
  },
];

function Result({ delivery: { code, result } }: { delivery: Delivery }) {
  if (code === null) return <Badge {...{ tone: 'good', icon: 'ok' }}>{resultText(result)}</Badge>;
  return <Badge {...{ tone: 'bad', icon: 'critical' }}>{resultText(result)}</Badge>;
}

/** One hook: its URL, and what came to it. @param route its query says from which page of the list one came */
export function OneHook({ name, route }: { name: string; route: Route }) {
  const query = new URLSearchParams({ hook: name }).toString();
  const asked = useQuestion({ path: '/v1/hooks', query, everyMs }, readDeliveries);
  const { value, error, reload } = asked;
  const hook = value?.hooks.find((each) => each.name === name);
  const back = <a href={hrefOf('hooks', '', route.query)}>All hooks</a>;
  return (
    <>
      <ScreenHead title={name} lead={back} state={freshnessOf(asked)} />
      {error !== null && <Trouble error={error} reload={reload} />}
      {value !== null && hook === undefined && (
        <Empty title="No hook of this name is configured.">
          <p>
            <a href={hrefOf('hooks')}>All hooks</a>
          </p>
        </Empty>
      )}
      {hook !== undefined && (
        <div class={error === null ? '' : 'dimmed'}>
          <Found hook={hook} />
        </div>
      )}
    </>
  );
}

function Found({ hook }: { hook: Hook }) {
  const { kind, registry, counts, deliveries, unverified } = hook;
  const url = `${gatewayUrl.replace(/\/$/, '')}${hook.url}`;
  return (
    <>
      <Advice hook={hook} />
      <Figures>
        <Figure name="State" note={hook.lastDelivery !== null && <LastDelivery at={hook.lastDelivery} />}>
          <HookState hook={hook} />
        </Figure>
        <Figure
          name="Kind"
          note={registry === null ? 'of any registry' : <BreakableName text={`of ${registry}`} />}
        >
          {kind}
        </Figure>
        <Figure name="Accepted" note="since the start">
          {countText(counts.accepted)}
        </Figure>
        <Figure name="Refused" note="although proven">
          {countText(counts.refused)}
        </Figure>
        <Figure name="Not proven" note="senders without the right secret">
          {countText(counts.unverified)}
        </Figure>
      </Figures>
      <p class="hook-url">
        <Copy text={url} label={`URL ${url}`}>
          <code>
            <Breakable text={url} />
          </code>
        </Copy>
      </p>
      <Section title="Last deliveries">
        {deliveries.length === 0 ? (
          <Empty title="Nothing came since the gateway started.">
            <p>
              Set the registry to send its events to the URL above.{' '}
              <a href={docsUrl('docs/webhooks.md')} target="_blank" rel="noreferrer">
                How each registry is set up
              </a>
            </p>
          </Empty>
        ) : (
          <Table caption="Last deliveries" columns={columns} rows={deliveries} keyOf={keyOf} />
        )}
      </Section>
      {unverified.length > 0 && (
        <Section title="Senders that proved nothing">
          <Table caption="Senders that proved nothing" columns={columns} rows={unverified} keyOf={keyOf} />
        </Section>
      )}
    </>
  );
}

function LastDelivery({ at }: { at: string }) {
  return (
    <>
      accepted last <RelativeTime at={at} />
    </>
  );
}

/** Why the last delivery was refused, and the cure; nothing if it was not. */
function Advice({ hook }: { hook: Hook }) {
  const { name, lastRefusal, savedDelivery } = hook;
  if (lastRefusal === null || !isRefused(hook)) return null;
  const { cause, remedy } = refusalOf(lastRefusal.code);
  return (
    <ul class="warnings">
      <li class="warning">
        <Badge {...{ tone: 'warning', icon: 'warning' }}>Refused</Badge>
        <div>
          <p class="cause">{cause}</p>
          <p>{remedy}</p>
          <p>
            <span class="muted">
              <RelativeTime at={lastRefusal.at} /> from <code>{lastRefusal.address}</code>:{' '}
              {lastRefusal.reason}
            </span>
          </p>
          {savedDelivery !== null && (
            <p>
              <span class="muted">
                The gateway kept it: <code>GET /v1/hooks?saved={name}</code> gives it to{' '}
                <code>manifeed hooks test</code>, which says what a hook makes of it.
              </span>
            </p>
          )}
        </div>
      </li>
    </ul>
  );
}

/** Several may come in one millisecond. */
function keyOf({ at, address, status, bytes, reason }: Delivery): string {
  return `${at} ${address} ${status} ${bytes} ${reason}`;
}
