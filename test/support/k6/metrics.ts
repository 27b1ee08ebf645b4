/** Stand-in for `k6/metrics`: keeps all samples, and judges thresholds as k6 does. */
import { currentScenario } from './virtual-user.ts';

interface Sample {
  readonly value: number;
  readonly scenario: string;
}

type Kind = 'counter' | 'rate' | 'trend';

const metrics = new Map<string, { readonly kind: Kind; readonly samples: Sample[] }>();

class Metric {
  readonly #samples: Sample[] = [];

  constructor(kind: Kind, name: string) {
    metrics.set(name, { kind, samples: this.#samples });
  }

  add(value: number | boolean): void {
    this.#samples.push({ value: Number(value), scenario: currentScenario() });
  }
}

export class Counter extends Metric {
  constructor(name: string) {
    super('counter', name);
  }
}

export class Rate extends Metric {
  constructor(name: string) {
    super('rate', name);
  }
}

export class Trend extends Metric {
  constructor(name: string) {
    super('trend', name);
  }
}

/** The values of the samples of `name` or `name{scenario:x}`. */
export function samplesOf(selector: string): readonly number[] {
  return select(selector).values;
}

function select(selector: string) {
  const match = /^(\w+)(?:\{scenario:(\w+)\})?$/.exec(selector);
  const metric = metrics.get(match?.[1] ?? '');
  if (metric === undefined) throw new Error(`judge threshold: ${selector}: names no metric of the script`);
  const scenario = match?.[2];
  const samples = metric.samples.filter((each) => scenario === undefined || each.scenario === scenario);
  return { kind: metric.kind, values: samples.map((each) => each.value) };
}

/** Whether `expression` (`count==0`, `rate>0.99`, `p(99)<500`) holds for the metric. */
export function holds(selector: string, expression: string): boolean {
  const match = /^(count|rate|p\((\d+)\))(==|<|>)([\d.]+)$/.exec(expression);
  if (match === null) throw new Error(`judge threshold: ${expression}: not understood`);
  const { kind, values } = select(selector);
  const [, method = '', percent, operator, limitText] = match;
  const wanted: Kind = method === 'count' ? 'counter' : method === 'rate' ? 'rate' : 'trend';
  if (kind !== wanted) throw new Error(`judge threshold: ${selector}: ${expression} does not fit a ${kind}`);
  const sum = values.reduce((total, value) => total + value, 0);
  const sorted = [...values].sort((a, b) => a - b);
  const quantile = sorted[Math.ceil((Number(percent) / 100) * sorted.length) - 1] ?? 0;
  const value = kind === 'counter' ? sum : kind === 'rate' ? sum / Math.max(1, values.length) : quantile;
  const limit = Number(limitText);
  return operator === '==' ? value === limit : operator === '<' ? value < limit : value > limit;
}
