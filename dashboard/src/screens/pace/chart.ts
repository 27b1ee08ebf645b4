/** The chart of a wave, with uPlot. Loaded when the screen is opened: it is half as large as the rest. */
import uPlot from 'uplot';
import { clockTime } from '../../lib/time-words.ts';
import type { Sample } from './samples.ts';

/** Colours as the browser computed them, since a canvas knows no variables. */
export interface Colours {
  readonly delivered: string;
  readonly rate: string;
  readonly held: string;
  readonly text: string;
  readonly line: string;
}

export interface WaveChart {
  show(samples: readonly Sample[]): void;
  close(): void;
}

const height = 240;
const font = '12px system-ui, sans-serif';

/** Draws into `place`, as wide as it is, and follows its width. */
export function drawWave(place: HTMLElement, colours: Colours): WaveChart {
  const axis = { stroke: colours.text, font, ticks: { stroke: colours.line, size: 4 } };
  const chart = new uPlot(
    {
      ...{ width: place.clientWidth, height, padding: [8, 0, 0, 0] },
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { range: atLeastAMinute }, y: { range: fromZero }, held: { range: fromZero } },
      axes: [
        { ...axis, size: 32, grid: { show: false }, incrs: steps, space: 90, values: clockTimes },
        { ...axis, size: 56, grid: { stroke: colours.line, width: 1 } },
        { ...axis, size: 56, side: 1, scale: 'held', grid: { show: false }, incrs: wholeSteps },
      ],
      series: [
        {},
        { stroke: colours.delivered, fill: faint(colours.delivered), width: 1.5, points: { show: false } },
        { stroke: colours.rate, width: 1.5, dash: [6, 4], points: { show: false } },
        { stroke: colours.held, width: 1.5, scale: 'held', points: { show: false } },
      ],
    },
    [[], [], [], []],
    place,
  );
  const watch = new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height }));
  watch.observe(place);
  return {
    show: (samples) =>
      chart.setData([
        samples.map(({ at }) => at / 1_000),
        samples.map(({ perSecond }) => perSecond),
        samples.map(({ rate }) => rate),
        samples.map(({ held }) => held),
      ]),
    close() {
      watch.disconnect();
      chart.destroy();
    },
  };
}

/** Between two marks of what is held back: there is no half of a delivery. */
const wholeSteps = Array.from({ length: 10 }, (_, power) =>
  [1, 2, 5].map((each) => each * 10 ** power),
).flat();
/** Between two marks of the time axis, s. */
const steps = [10, 15, 30, 60, 120, 300];

function clockTimes(_chart: uPlot, marks: readonly number[]): string[] {
  return marks.map((mark) => clockTime(mark * 1_000, mark * 1_000));
}

function atLeastAMinute(_chart: uPlot, from: number | null, to: number | null): [number, number] {
  const end = to ?? 0;
  return [Math.min(from ?? end, end - 60), end];
}

function fromZero(_chart: uPlot, _least: number | null, most: number | null): [number, number] {
  return [0, Math.max(1, (most ?? 1) * 1.1)];
}

/** `rgb(1, 2, 3)` → the same, nearly transparent. */
function faint(colour: string): string {
  return colour.replace(/^rgb\((.*)\)$/, 'rgba($1, 0.14)');
}
