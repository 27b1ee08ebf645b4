import { useEffect, useState } from 'preact/hooks';
import { type Pace, readPace } from '../gateway/pace.ts';
import { type Asked, useQuestion } from '../gateway/use-question.ts';
import { countOf, countText } from '../lib/numbers.ts';
import { lengthOf } from '../lib/time-words.ts';
import { BreakableName } from '../parts/breakable.tsx';
import { Figure, Figures } from '../parts/figure.tsx';
import { freshnessOf } from '../parts/freshness.tsx';
import { ScreenHead } from '../parts/screen-head.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { Overrides } from './pace/overrides.tsx';
import { PaceForm } from './pace/pace-form.tsx';
import { Pressed } from './pace/pressed.tsx';
import { addSample, type Sample } from './pace/samples.ts';
import { Wave } from './pace/wave.tsx';
import type { Screen } from './screen.ts';

/** Between two looks: a wave is drawn from them, ms. */
const everyMs = 1_000;

/** How fast changes go out, what is held back, and how to change it for a while. */
export const paceScreen: Screen = {
  ...{ name: 'pace', title: 'Pace', key: 'p', group: 'operators' },
  View: PaceView,
};

function PaceView() {
  const asked = useQuestion({ path: '/v1/pace', everyMs }, readPace);
  const samples = useSamples(asked);
  const { value, error, reload } = asked;
  return (
    <>
      <ScreenHead
        title={value === null ? 'Pace' : `${countText(value.deliveriesPerSecond)} deliveries a second`}
        lead="The pace spreads each change over time, so that the pulls that follow stay bounded."
        state={freshnessOf(asked)}
      />
      {error !== null && <Trouble error={error} reload={reload} />}
      {value !== null && (
        <div class={error === null ? '' : 'dimmed'}>
          <Glance pace={value} />
          <Wave samples={samples} />
          <Overrides pace={value} reload={reload} />
          <PaceForm pace={value} reload={reload} />
          <Pressed registries={value.registries} />
        </div>
      )}
    </>
  );
}

/** What was seen since the screen was opened. */
function useSamples({ value, at }: Asked<Pace>): readonly Sample[] {
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  useEffect(() => {
    if (value !== null && at !== null) setSamples((before) => addSample(before, value, at));
  }, [value, at]);
  return samples;
}

function Setting({ name }: { name: string }) {
  return (
    <code>
      <BreakableName text={name} />
    </code>
  );
}

function Glance({ pace }: { pace: Pace }) {
  const { deliveriesPerSecond, configuredDeliveriesPerSecond, heldDeliveries, windowMs } = pace;
  const isChanged = deliveriesPerSecond !== configuredDeliveriesPerSecond;
  return (
    <Figures>
      <Figure name="In force" note={isChanged ? 'not what is configured' : 'as configured'}>
        {countText(deliveriesPerSecond)} /s
      </Figure>
      <Figure name="Configured" note={<Setting name="pace.deliveriesPerSecond" />}>
        {countText(configuredDeliveriesPerSecond)} /s
      </Figure>
      <Figure
        name="Held back"
        note={heldDeliveries === 0 ? 'nothing waits' : `out in ${lengthOf(windowMs)}, if the rate stays`}
      >
        {countOf(heldDeliveries, 'delivery', 'deliveries')}
      </Figure>
      <Figure name="Waiting replays" note="subscribers that catch up in turn">
        {countText(pace.waitingReplays)}
      </Figure>
      <Figure name="Delivered" note="since this gateway started">
        {countText(pace.deliveries)}
      </Figure>
    </Figures>
  );
}
