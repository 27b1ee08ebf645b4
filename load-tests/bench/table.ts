export interface Finding {
  readonly server: string;
  readonly subscribers: number;
  readonly opensPerSecond: number;
  readonly openCpuUs: number;
  /** Growth of PSS per subscriber, from a collected heap to the end of the settle time. */
  readonly kibPerSubscriber: number;
  /** The same, with a collection before the second reading too. */
  readonly settledKibPerSubscriber: number;
  readonly deliveries: number;
  readonly cpuUsPerDelivery: number;
  /** Compared with the floor's CPU per delivery; NaN without the floor. */
  readonly ratio: number;
  readonly bytesPerDelivery: number;
  readonly latencyP50Ms: number;
  readonly latencyP99Ms: number;
  /** Of one core, while nothing is published. */
  readonly idleCpuPercent: number;
  readonly longestStallMs: number;
}

const fixed = (value: number, digits: number) => (Number.isFinite(value) ? value.toFixed(digits) : '–');

/**
 * With fewer subscribers, the heap's own movements (some MiB either way) exceed the memory of the subscribers.
 * The growth then says nothing about them, and may be negative.
 */
export const minSubscribersForMemory = 10_000;

const memory = (finding: Finding, kib: number) =>
  finding.subscribers < minSubscribersForMemory ? 'too few to tell' : fixed(kib, 2);

type Column = readonly [head: string, cell: (finding: Finding) => string];

const columns: readonly Column[] = [
  ['server', (f) => f.server],
  ['opens/s', (f) => fixed(f.opensPerSecond, 0)],
  ['opens per CPU s', (f) => fixed(1e6 / f.openCpuUs, 0)],
  ['KiB/subscriber', (f) => memory(f, f.kibPerSubscriber)],
  ['after GC', (f) => memory(f, f.settledKibPerSubscriber)],
  ['CPU/delivery µs', (f) => fixed(f.cpuUsPerDelivery, 2)],
  ['ratio', (f) => fixed(f.ratio, 2)],
  ['bytes', (f) => fixed(f.bytesPerDelivery, 0)],
  ['p50 ms', (f) => fixed(f.latencyP50Ms, 1)],
  ['p99 ms', (f) => fixed(f.latencyP99Ms, 1)],
  ['idle CPU %', (f) => fixed(f.idleCpuPercent, 2)],
  ['stall ms', (f) => fixed(f.longestStallMs, 1)],
];

/** Aligns rows of cells as a valid Markdown table, with the first column to the left. */
export function alignedTable(rows: readonly (readonly string[])[]): string {
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) => {
    const cells = row.map((cell, i) =>
      i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
    );
    return `| ${cells.join(' | ')} |`;
  };
  const rule = widths.map((width, i) =>
    i === 0 ? '-'.repeat(width) : `${'-'.repeat(Math.max(1, width - 1))}:`,
  );
  return [line(head), line(rule), ...rows.slice(1).map(line)].join('\n');
}

export function findingsTable(findings: readonly Finding[]): string {
  return alignedTable([
    columns.map(([head]) => head),
    ...findings.map((finding) => columns.map(([, cell]) => cell(finding))),
  ]);
}

/** What the table cannot show with so few subscribers; null if it shows everything. */
export function smallRunNote(subscribers: number): string | null {
  if (subscribers >= minSubscribersForMemory) return null;
  return (
    `${subscribers} subscribers are too few for some columns: memory needs ${minSubscribersForMemory}, ` +
    'and the cost of a publish itself is in CPU/delivery and ratio.'
  );
}
