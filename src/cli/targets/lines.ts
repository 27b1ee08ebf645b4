/** The lines of `manifeed targets`. */
import type { Output } from '../asking/output.ts';
import { widthOf } from '../output/columns.ts';
import { escapeText, jsonLine } from '../output/escape.ts';
import { nothing } from '../output/names.ts';
import type { Style } from '../output/terminal.ts';
import { localTime } from '../output/times.ts';
import type { TargetRow } from './answers.ts';

const heads = ['NAME', 'KIND', 'STATE', 'WAITING', 'LAG', 'LAST SUCCESS', 'LAST FAILURE'];
const numbers: ReadonlySet<string> = new Set(['WAITING', 'LAG']);

/**
 * With a head on a TTY. In a pipe: name, kind, state, how many wait, lag, since when they wait, when it is tried again, last
 * success, last failure, and why it failed or is disabled. With `--json` a target as the gateway sent it.
 */
export function targetLines(
  rows: readonly TargetRow[],
  { format, out }: Pick<Output, 'format' | 'out'>,
): readonly string[] {
  if (format === 'json') return rows.map(jsonLine);
  if (format === 'tabs') return rows.map(tabbed);
  if (rows.length === 0) return [];
  const cells = rows.map(cellsOf);
  const widths = heads.map((head, at) => widthOf([head, ...cells.map((row) => row[at] ?? '')]));
  const line = (row: readonly string[], paint: (text: string, at: number) => string) =>
    row
      .map((cell, at) => {
        const width = widths[at] ?? 0;
        return paint(numbers.has(heads[at] ?? '') ? cell.padStart(width) : cell.padEnd(width), at);
      })
      .join('  ')
      .trimEnd();
  return [
    out.paint(
      'dim',
      line(heads, (text) => text),
    ),
    ...rows.map((row, index) =>
      line(cells[index] ?? [], (text, at) => (heads[at] === 'STATE' ? out.paint(styleOf(row), text) : text)),
    ),
  ];
}

/** Whether somebody should do something, as `GET /v1/status` warns: not of a pause, nor of what is tried again. */
export function isInTrouble({ state, late }: TargetRow): boolean {
  return late || state === 'disabled' || state === 'unserved';
}

/** Why it is disabled, or else why its last attempt failed; null: neither. */
function whyOf({ disabled, lastFailure }: TargetRow): string | null {
  return disabled ?? lastFailure?.why ?? null;
}

function tabbed(row: TargetRow): string {
  const { name, kind, state, lag, waiting, waitingSince, retryAt, lastSuccess, lastFailure } = row;
  return [
    ...[name, kind, state, waiting === null ? null : String(waiting), String(lag)],
    ...[waitingSince, retryAt, lastSuccess, lastFailure?.at ?? null, whyOf(row)],
  ]
    .map((field) => escapeText(field ?? nothing))
    .join('\t');
}

function cellsOf(row: TargetRow): readonly string[] {
  const { name, kind, state, late, retryAt, waiting, lag, lastSuccess, lastFailure } = row;
  const until = retryAt === null ? '' : ` until ${localTime(retryAt)}`;
  const failedAt = lastFailure === null ? '' : `${localTime(lastFailure.at)}  `;
  const why = whyOf(row);
  return [
    ...[escapeText(name), escapeText(kind), `${late ? 'late, ' : ''}${escapeText(state)}${until}`],
    ...[waiting === null ? nothing : String(waiting), String(lag)],
    lastSuccess === null ? nothing : localTime(lastSuccess),
    why === null ? nothing : `${failedAt}${escapeText(why)}`,
  ];
}

const styles: Readonly<Record<string, Style>> = {
  ...{
    delivering: 'green',
    idle: 'green',
    holding: 'green',
    retrying: 'yellow',
    paused: 'cyan',
    elsewhere: 'dim',
  },
};

function styleOf(row: TargetRow): Style {
  return isInTrouble(row) ? 'red' : (styles[row.state] ?? 'dim');
}
