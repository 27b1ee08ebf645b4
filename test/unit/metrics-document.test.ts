/** docs/metrics.md names every metric that the sources register, with its type and its labels. */
import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface Metric {
  readonly name: string;
  readonly type: string;
  readonly labels: string;
}

const byName = (a: Metric, b: Metric) => (a.name < b.name ? -1 : 1);

/** From the calls `metrics.counter('name', 'help', ['label'])` and their like. */
function registered(source: string): readonly Metric[] {
  const help = /(?:'(?:[^'\\]|\\.)*'|`[^`]*`)/.source;
  const call = new RegExp(
    `\\.(counter|gauge|histogram)\\(\\s*'([a-z_]+)',\\s*${help},?\\s*(?:\\[([^\\]]*)\\])?`,
    'g',
  );
  return [...source.matchAll(call)].map(([, type = '', name = '', labels = '']) => ({
    name: `manifeed_${name}`,
    type,
    labels: [...labels.matchAll(/'([a-z]+)'/g)].map(([, label]) => label).join(', '),
  }));
}

const files = globSync('src/**/*.ts').filter((file) => !/(lib|http)\/metrics\.ts$/.test(file));
const sources = files.map((file) => readFileSync(file, 'utf8'));

/** The rows of the tables. */
function documented(): readonly Metric[] {
  const rows = readFileSync('docs/metrics.md', 'utf8').matchAll(
    /^\| `(manifeed_[a-z_]+)` \| (counter|gauge|histogram) \| ([^|]*)\| \S/gm,
  );
  return [...rows].map(([, name = '', type = '', labels = '']) => ({
    ...{ name, type },
    labels: labels.replaceAll('`', '').trim(),
  }));
}

describe('docs/metrics.md', () => {
  it('has a row for every metric of the sources, and no other', () => {
    expect([...documented()].sort(byName)).toEqual(sources.flatMap(registered).sort(byName));
  });

  it('is compared with every registration that there is', () => {
    const calls = sources.flatMap((source) => source.match(/\bmetrics\.(counter|gauge|histogram)\(/g) ?? []);
    expect(sources.flatMap(registered)).toHaveLength(calls.length);
  });

  it('names no metric in an alert that does not exist', () => {
    const names = new Set(documented().map(({ name }) => name));
    const text = readFileSync('docs/metrics.md', 'utf8') + readFileSync('docs/operating.md', 'utf8');
    const unknown = (text.match(/manifeed_[a-z_]+/g) ?? []).filter((name) => !names.has(name));
    expect(unknown).toEqual([]);
  });
});
