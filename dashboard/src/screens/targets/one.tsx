import { readTargets, type Target } from '../../gateway/targets.ts';
import { useQuestion } from '../../gateway/use-question.ts';
import { countOf, countText } from '../../lib/numbers.ts';
import { hrefOf, type Route } from '../../lib/route.ts';
import { Breakable } from '../../parts/breakable.tsx';
import { Empty } from '../../parts/empty.tsx';
import { Figure, Figures } from '../../parts/figure.tsx';
import { freshnessOf } from '../../parts/freshness.tsx';
import { ScreenHead } from '../../parts/screen-head.tsx';
import { Section } from '../../parts/section.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Late, TargetState } from '../../parts/target-state.tsx';
import { RelativeTime } from '../../parts/time.tsx';
import { Trouble } from '../../parts/trouble.tsx';
import { everyMs } from './all.tsx';
import { TestForm } from './test-form.tsx';
import { Skip, WishButtons, WishOutcomeText } from './wish-buttons.tsx';
import { useWishes } from './wishes.ts';
import {
  failureText,
  holderText,
  isServedHere,
  meaningOf,
  notReadText,
  type ResultRow,
  resultsOf,
} from './words.ts';

/** One target: what it does and did, and what can be done with it. */
export function OneTarget({ name, route }: { name: string; route: Route }) {
  const asked = useQuestion({ path: '/v1/targets', everyMs }, readTargets);
  const { value, error, reload } = asked;
  const wishes = useWishes(reload);
  const target = value?.targets.find((each) => each.name === name);
  const back = <a href={hrefOf('targets', '', route.query)}>All targets</a>;
  return (
    <>
      <ScreenHead title={name} lead={back} state={freshnessOf(asked)}>
        {target !== undefined && (
          <div class="actions">
            <WishButtons {...{ target, wishes }} />
            <Skip {...{ target, wishes }} />
          </div>
        )}
      </ScreenHead>
      <WishOutcomeText name={name} wishes={wishes} />
      {error !== null && <Trouble error={error} reload={reload} />}
      {value !== null && target === undefined && (
        <Empty title="No target of this name is configured.">
          <p>
            <a href={hrefOf('targets')}>All targets</a>
          </p>
        </Empty>
      )}
      {value !== null && target !== undefined && (
        <div class={error === null ? '' : 'dimmed'}>
          <Found target={target} gateway={value.gateway} />
        </div>
      )}
    </>
  );
}

function Found({ target, gateway }: { target: Target; gateway: string }) {
  return (
    <>
      <Meaning of={target} />
      <Glance {...{ target, gateway }} />
      {target.lastFailure !== null && (
        <Section title="Last failure">
          <p class="muted">
            <RelativeTime at={target.lastFailure.at} />.{' '}
            {failureText(target.lastFailure.result, target.state)}
          </p>
          <p>
            <code>
              <Breakable text={target.lastFailure.why} />
            </code>
          </p>
        </Section>
      )}
      <Section title="What became of its changes">
        {target.counts === null ? (
          <p class="muted">
            The gateway that serves it counts them{target.holder !== null && `: ${holderText(target)}`}.
          </p>
        ) : (
          <Table
            caption={`Since gateway ${gateway} serves it`}
            columns={columns}
            rows={resultsOf(target.counts)}
            keyOf={({ result }) => result}
          />
        )}
      </Section>
      <TestForm target={target} />
    </>
  );
}

function Meaning({ of: target }: { of: Target }) {
  const { state, disabled } = target;
  const { cause, remedy } = meaningOf(state);
  return (
    <p class="meaning">
      <strong>{cause}</strong>{' '}
      {disabled !== null && (
        <>
          <Breakable text={`It said: ${disabled}.`} />{' '}
        </>
      )}
      {remedy || notReadText(target)}
    </p>
  );
}

function Glance({ target, gateway }: { target: Target; gateway: string }) {
  const { state, retryAt, kind, url, position, lag, waiting, lastSuccess, holder } = target;
  const again = state === 'retrying' && retryAt !== null;
  return (
    <Figures>
      <Figure name="State" note={again && <Again at={retryAt} />}>
        <TargetState state={state} />
      </Figure>
      <Figure name="Kind" note={url === null ? 'without a URL' : <Breakable text={url} />}>
        {kind}
      </Figure>
      <Figure name="Lag" note={position === null ? 'position unknown' : `matching or not, from ${position}`}>
        {countOf(lag, 'change')}
      </Figure>
      <Figure name="Waiting" note={<Oldest of={target} />}>
        {waiting === null ? '–' : countText(waiting)}
      </Figure>
      <Figure name="Last success" note={successNote(target)}>
        {lastSuccess === null ? noSuccess(target) : <RelativeTime at={lastSuccess} />}
      </Figure>
      <Figure name="Served by" note={isServedHere(target) ? 'this gateway' : `gateway ${gateway} answers`}>
        {holder === null ? 'none' : holderText(target)}
      </Figure>
    </Figures>
  );
}

/** A gateway remembers no success from before it served the target, nor that of another gateway. */
function noSuccess(target: Target): string {
  return isServedHere(target) ? 'none' : '–';
}

function successNote(target: Target): string {
  if (!isServedHere(target)) return 'the gateway that serves it knows';
  return target.lastSuccess === null ? 'since this gateway serves it' : '';
}

function Again({ at }: { at: string }) {
  return (
    <>
      again <RelativeTime at={at} />
    </>
  );
}

/** Since when the oldest change waits. */
function Oldest({ of: { waiting, waitingSince, late } }: { of: Target }) {
  if (late) return <Late since={waitingSince} />;
  if (waiting === null) return <>the gateway that serves it knows</>;
  if (waitingSince === null) return <>changes</>;
  return (
    <>
      the oldest was due <RelativeTime at={waitingSince} />
    </>
  );
}

const columns: readonly Column<ResultRow>[] = [
  { head: 'Result', kind: 'name', width: 9, cell: ({ word }) => word },
  { head: 'Count', kind: 'number', width: 6, cell: ({ count }) => countText(count) },
  { head: 'Meaning', kind: 'grow', cell: ({ meaning }) => <span class="muted">{meaning}</span> },
];
