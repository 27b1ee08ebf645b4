/** Alerts and board: every metric that they name exists, and every alert leads to a paragraph. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const read = (file: string) => readFileSync(file, 'utf8');

const rulesSchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      rules: z.array(
        z.strictObject({
          alert: z.string().regex(/^Manifeed[A-Z]/),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.strictObject({ severity: z.enum(['critical', 'warning', 'info']) }),
          annotations: z.strictObject({
            summary: z.string(),
            description: z.string(),
            runbook_url: z.string(),
          }),
        }),
      ),
    }),
  ),
});
const rules = rulesSchema
  .parse(parse(read('deploy/prometheus/rules.yaml')))
  .groups.flatMap(({ rules: ofGroup }) => ofGroup);

const panelSchema = z.looseObject({
  type: z.string(),
  title: z.string(),
  gridPos: z.strictObject({ h: z.number(), w: z.number(), x: z.number(), y: z.number() }),
  targets: z.array(z.looseObject({ expr: z.string() })).default([]),
});
const board = z
  .looseObject({
    panels: z.array(panelSchema.extend({ id: z.number() })),
    templating: z.looseObject({
      list: z.array(z.looseObject({ name: z.string(), definition: z.string().optional() })),
    }),
    annotations: z.looseObject({ list: z.array(z.looseObject({ expr: z.string() })) }),
  })
  .parse(JSON.parse(read('deploy/grafana/manifeed.json')));

/** By name: the labels that docs/metrics.md lists, which a test holds to the code. Those of the process have none. */
const metrics = new Map<string, ReadonlySet<string>>(
  [...read('docs/metrics.md').matchAll(/^\| `(manifeed_\w+)` \| (\w+) \| ([^|]*)\|/gm)].flatMap(
    ([, name = '', type = '', labels = '']): [string, ReadonlySet<string>][] => {
      const own = new Set([...labels.matchAll(/`([a-z]+)`/g)].map(([, label = '']) => label));
      return type === 'histogram' ? [[`${name}_bucket`, own.add('le')]] : [[name, own]];
    },
  ),
);
/** Of prom-client's default metrics. */
const ofProcess =
  /^(?:process_(?:cpu_seconds_total|resident_memory_bytes|open_fds|max_fds)|nodejs_eventloop_lag_p99_seconds)$/;
/** Prometheus adds these. */
const added = ['job', 'instance'];

interface Selected {
  readonly name: string;
  readonly labels: readonly string[];
}

/** The metrics of an expression, each with the labels that its selector names. */
function selected(expr: string): readonly Selected[] {
  return [...expr.matchAll(/\b((?:manifeed|process|nodejs)_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, name = '', matchers = '']) => ({
      name,
      labels: [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
    }),
  );
}

/** The labels by which an expression groups. */
function grouped(expr: string): readonly string[] {
  return [...expr.matchAll(/\b(?:by|on|without) \(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(/,\s*/),
  );
}

/** What an expression names that is not there. */
function unknownIn(expr: string): readonly string[] {
  const found = selected(expr).filter(({ name }) => !ofProcess.test(name));
  const known = new Set([...added, ...found.flatMap(({ name }) => [...(metrics.get(name) ?? [])])]);
  return [
    ...found.filter(({ name }) => !metrics.has(name)).map(({ name }) => name),
    ...found.flatMap(({ name, labels }) =>
      labels.filter((label) => !added.includes(label) && metrics.get(name)?.has(label) !== true),
    ),
    ...grouped(expr).filter((label) => !known.has(label)),
  ];
}

describe('the alerts', () => {
  it.each(rules)('$alert names metrics and labels that exist', ({ expr }) => {
    expect(selected(expr).length + Number(expr.includes('up{job="manifeed"}'))).toBeGreaterThan(0);
    expect(unknownIn(expr)).toEqual([]);
  });

  it.each(rules)('$alert has a paragraph in docs/monitoring.md', ({ alert, annotations }) => {
    expect(annotations.runbook_url).toBe(
      `https://manifeed.example.com/docs/monitoring.md#${alert.toLowerCase()}`,
    );
    expect(read('docs/monitoring.md')).toMatch(new RegExp(`^### ${alert}\\n\\n\\S`, 'm'));
  });

  it.each(rules)('$alert shows only labels that its expression leaves', ({ expr, annotations }) => {
    const shown = [...JSON.stringify(annotations).matchAll(/\$labels\.(\w+)/g)].map(
      ([, label = '']) => label,
    );
    const kept = expr.includes(' by (') ? grouped(expr) : [...added, ...grouped(expr)];
    expect(shown.filter((label) => !kept.includes(label))).toEqual([]);
  });

  it('have names of their own, and a case in rules.test.yaml each', () => {
    const names = rules.map(({ alert }) => alert);
    expect(new Set(names).size).toBe(names.length);
    const cases = read('deploy/prometheus/rules.test.yaml');
    expect(names.filter((name) => !cases.includes(`"${name}"`))).toEqual([]);
  });

  it('know the metrics of the code: a wrong name or label is found', () => {
    expect(
      unknownIn('sum by (nonsense) (rate(manifeed_changes_total{colour="red"}[5m])) > manifeed_nothing'),
    ).toEqual(['manifeed_nothing', 'colour', 'nonsense']);
  });
});

describe('the board', () => {
  const panels = board.panels.filter(({ type }) => type !== 'row');

  it('is ordered by promise', () => {
    const titles = board.panels
      .filter(({ type }) => type === 'row')
      .map(({ title }) => title.split(/[:,]/)[0]);
    expect(titles).toEqual(['In', 'Ledger', 'Out', 'Targets', 'Upstream', 'Process']);
  });

  it.each(panels)('$title: metrics and labels exist, of the chosen gateways', ({ targets }) => {
    expect(targets.length).toBeGreaterThan(0);
    for (const { expr } of targets) {
      expect(unknownIn(expr)).toEqual([]);
      for (const { labels } of selected(expr)) expect(labels.slice(0, 2)).toEqual(['job', 'instance']);
    }
  });

  it('asks for variables and annotations by metrics that exist', () => {
    const exprs = [
      ...board.templating.list.flatMap(({ definition }) => definition ?? []),
      ...board.annotations.list.map(({ expr }) => expr),
    ];
    expect(exprs.length).toBe(3);
    for (const expr of exprs) expect(unknownIn(expr)).toEqual([]);
  });

  it('has panels of different ids that do not overlap', () => {
    const taken = new Set<string>();
    for (const { gridPos } of board.panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x},${y}`)).toBe(false);
          taken.add(`${x},${y}`);
        }
    }
    expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
  });
});
