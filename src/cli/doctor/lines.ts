/** The lines of `manifeed doctor` on standard output. */
import { escapeText, jsonLine } from '../output/escape.ts';
import { nothing } from '../output/names.ts';
import type { Screen, Style } from '../output/terminal.ts';
import type { Finding, Level } from './finding.ts';

const marks: Readonly<Record<Level, { readonly mark: string; readonly style: Style }>> = {
  ok: { mark: '✓', style: 'green' },
  warning: { mark: '!', style: 'yellow' },
  failed: { mark: '✗', style: 'red' },
  skipped: { mark: '–', style: 'dim' },
};
const checkWidth = 12;

/** For people: a mark, what was looked at, what was found; below it the remedy, and where more is said. */
export function personLines(
  { level, check, about, text, remedy, docs }: Finding,
  paint: Screen['paint'],
): string {
  const { mark, style } = marks[level];
  const named = about === null ? '' : `${escapeText(about)}: `;
  const first = `${paint(style, mark)} ${check.padEnd(checkWidth)} ${named}${escapeText(text)}`;
  if (remedy === null) return first;
  const indent = ' '.repeat(checkWidth + 3);
  const more = docs === null ? '' : ` ${paint('dim', `(${escapeText(docs)})`)}`;
  return `${first}\n${indent}${escapeText(remedy)}.${more}`;
}

/** For programs: level, check, about, text, remedy, documentation, with tabs between them. */
export function tabbedLine({ level, check, about, text, remedy, docs }: Finding): string {
  return [level, check, ...[about, text, remedy, docs].map((each) => escapeText(each ?? nothing))].join('\t');
}

/** `--json`: one finding. */
export function findingJson({ level, check, about, text, remedy, docs }: Finding): string {
  return jsonLine({ level, check, about, text, remedy, docs });
}
