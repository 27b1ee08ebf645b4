import type { ComponentChildren } from 'preact';
import type { Status } from '../../gateway/status.ts';
import { bytesText, countOf, countText } from '../../lib/numbers.ts';
import { Figure, Figures } from '../../parts/figure.tsx';
import { RelativeTime } from '../../parts/time.tsx';

/** What one wants to know at a glance. */
export function NowFigures({ status }: { status: Status }) {
  const { ledger, subscribers, pace, descriptors, startedAt } = status;
  const { total, limit, behind, lag, heldUntil } = subscribers;
  return (
    <Figures>
      <Figure name="Last change" note={lastNote(ledger)}>
        {ledger.newest === null ? 'none stored' : <RelativeTime at={ledger.newest} />}
      </Figure>
      <Figure
        name="Subscribers"
        note={`of at most ${countText(limit)}${byTransport(subscribers.byTransport)}`}
      >
        {countText(total)}
      </Figure>
      <Figure
        name="Behind"
        note={behind === 0 ? 'everyone is live' : `the slowest by ${countOf(lag, 'change')}`}
      >
        {countText(behind)}
      </Figure>
      <Figure name="Held back" note={heldNote(heldUntil, pace.heldDeliveries, pace.deliveriesPerSecond)}>
        {heldUntil === null ? 'nothing' : countText(pace.heldDeliveries)}
      </Figure>
      <Figure name="Ledger" note={ledgerNote(ledger)}>
        {ledger.kind}
      </Figure>
      <Figure
        name="Started"
        note={
          descriptors.used === null
            ? ''
            : `${countText(descriptors.used)} files open${limitText(descriptors.limit)}`
        }
      >
        <RelativeTime at={startedAt} />
      </Figure>
    </Figures>
  );
}

function lastNote({ newest, head }: Status['ledger']): string {
  if (newest === null) return '';
  return head === null ? 'position unknown' : `at ${head}`;
}

function byTransport(counts: Status['subscribers']['byTransport']): string {
  // The total is without targets.
  const used = Object.entries(counts).filter(([name, count]) => count > 0 && name !== 'target');
  return used.length === 0
    ? ''
    : `: ${used.map(([name, count]) => `${countText(count)} ${name}`).join(', ')}`;
}

function heldNote(until: string | null, deliveries: number, rate: number): ComponentChildren {
  const pace = `${countText(rate)} deliveries a second`;
  if (until === null) return pace;
  return (
    <>
      {countOf(deliveries, 'delivery', 'deliveries')}, out <RelativeTime at={until} />, {pace}
    </>
  );
}

function ledgerNote({ storing, bytes, oldest }: Status['ledger']): ComponentChildren {
  if (!storing) return 'does not store';
  return (
    <>
      {bytes !== null && `${bytesText(bytes)}, `}
      {oldest === null ? (
        'no change kept'
      ) : (
        <>
          oldest <RelativeTime at={oldest} />
        </>
      )}
    </>
  );
}

function limitText(limit: number | null): string {
  return limit === null ? '' : ` of ${countText(limit)}`;
}
