import { useEffect, useRef, useState } from 'preact/hooks';
import { theme } from '../../app/theme.ts';
import { countText } from '../../lib/numbers.ts';
import { Section } from '../../parts/section.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { ClockTime } from '../../parts/time.tsx';
import type { Colours, WaveChart } from './chart.ts';
import { rateText, rowsOf, type Sample, summaryOf } from './samples.ts';

const columns: readonly Column<Sample>[] = [
  { head: 'Until', kind: 'name', width: 10, cell: ({ at }) => <ClockTime at={new Date(at).toISOString()} /> },
  {
    head: 'Deliveries a second',
    kind: 'number',
    width: 12,
    cell: ({ perSecond }) => (perSecond === null ? '–' : rateText(perSecond)),
  },
  { head: 'The pace allows', kind: 'number', width: 10, cell: ({ rate }) => rateText(rate) },
  { head: 'Held back', kind: 'number', width: 8, cell: ({ held }) => countText(held) },
];

/** How changes go out: a chart, what it shows in words, and the same as a table. */
export function Wave({ samples }: { samples: readonly Sample[] }) {
  return (
    <Section title="How changes go out">
      <figure class="wave">
        <div role="img" aria-label={summaryOf(samples)}>
          <Chart samples={samples} />
        </div>
        <figcaption>
          <span class="delivered">Deliveries a second</span>
          <span class="rate">What the pace allows</span>
          <span class="held">Held back (right)</span>
          <span class="muted">
            Since this screen was opened, ten minutes at most. Unpaced deliveries count too, and may exceed
            the pace.
          </span>
        </figcaption>
      </figure>
      <details class="as-table">
        <summary>The same as a table</summary>
        <Table
          caption="How changes went out, in steps of ten seconds, the newest first"
          {...{ columns, rows: rowsOf(samples), keyOf: ({ at }: Sample) => String(Math.floor(at / 10_000)) }}
        />
      </details>
    </Section>
  );
}

function Chart({ samples }: { samples: readonly Sample[] }) {
  const place = useRef<HTMLDivElement>(null);
  const [chart, setChart] = useState<WaveChart | null>(null);
  const [isMissing, setMissing] = useState(false);
  const colours = useColours();
  useEffect(() => {
    let drawn: WaveChart | null = null;
    let isOver = false;
    const draw = ({ drawWave }: typeof import('./chart.ts')) => {
      if (isOver || place.current === null) return;
      drawn = drawWave(place.current, coloursOf(place.current));
      setChart(drawn);
    };
    // The connection broke, the gateway became a newer one, or the browser has a language that it does not know itself.
    import('./chart.ts').then(draw).catch(() => setMissing(true));
    return () => {
      isOver = true;
      drawn?.close();
      setChart(null);
    };
  }, [colours]);
  useEffect(() => chart?.show(samples), [chart, samples]);
  return (
    <div class="chart" ref={place}>
      {isMissing && <p class="muted">The chart did not come. Load the page again, or see the table below.</p>}
    </div>
  );
}

/** Differs whenever the colours of the page do. */
function useColours(): string {
  const [isDark, setDark] = useState(matchMedia('(prefers-color-scheme: dark)').matches);
  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)');
    const look = () => setDark(query.matches);
    query.addEventListener('change', look);
    return () => query.removeEventListener('change', look);
  }, []);
  return `${theme.value} ${isDark}`;
}

/** What the legend's words are coloured with: variables are computed there. */
function coloursOf(place: HTMLElement): Colours {
  const figure = place.closest('figure');
  const of = (selector: string) => {
    const element = figure?.querySelector(selector);
    return element ? getComputedStyle(element, '::before').backgroundColor : 'gray';
  };
  return {
    ...{ delivered: of('.delivered'), rate: of('.rate'), held: of('.held') },
    text: getComputedStyle(figure?.querySelector('.muted') ?? place).color,
    line: getComputedStyle(place).borderTopColor,
  };
}
