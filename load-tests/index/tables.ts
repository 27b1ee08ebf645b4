import { alignedTable } from '../bench/table.ts';
import type { Throughput } from './at-gateway.ts';
import type { Measured } from './measured.ts';
import type { LedgerKind } from './options.ts';
import { pointRead, queries } from './queries.ts';

const fixed = (value: number | undefined, digits: number) =>
  value === undefined || !Number.isFinite(value) ? '–' : value.toFixed(digits);

/** Medians against those of a point read in the same run; a mark where the median is too long. */
export function queriesTable(
  kind: LedgerKind,
  atLedger: readonly Measured[],
  atGateway: readonly Measured[],
): string {
  const pointMs = atLedger.find(({ name }) => name === pointRead)?.p50 ?? Number.NaN;
  return alignedTable([
    [
      'question',
      'rows',
      'median ms',
      'p99 ms',
      'CPU ms',
      'against one tag',
      'at most',
      'HTTP median ms',
      'HTTP CPU ms',
    ],
    ...atLedger.map(({ name, amount, p50, p99, cpuMs }) => {
      const over = atGateway.find((each) => each.name === name);
      const atMost = queries.find((each) => each.name === name)?.atMost?.[kind];
      return [
        ...[name, fixed(amount, 0), fixed(p50, 2), fixed(p99, 2), fixed(cpuMs, 2), fixed(p50 / pointMs, 1)],
        ...[atMost === undefined ? '' : `${p50 < atMost ? '' : 'MISSED '}${atMost}`],
        ...[fixed(over?.p50, 2), fixed(over?.cpuMs, 2)],
      ];
    }),
  ]);
}

export function headsTable(servers: readonly Throughput[]): string {
  const base = servers[0]?.perCpuSecond ?? Number.NaN;
  return alignedTable([
    ['HEADs', 'per second', 'per CPU second', 'CPU against the route'],
    ...servers.map(({ name, perSecond, perCpuSecond }) => [
      ...[name, fixed(perSecond, 0), fixed(perCpuSecond, 0), fixed(base / perCpuSecond, 2)],
    ]),
  ]);
}

export function requestsTable(measured: readonly Measured[]): string {
  return alignedTable([
    ['request', 'median ms', 'p99 ms', 'CPU ms', 'answer KiB'],
    ...measured.map(({ name, p50, p99, cpuMs, amount }) => [
      ...[name, fixed(p50, 2), fixed(p99, 2), fixed(cpuMs, 2), fixed(amount / 1_024, 1)],
    ]),
  ]);
}
