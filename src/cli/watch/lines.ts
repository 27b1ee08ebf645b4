/** The lines of `manifeed watch` on standard output. */
import type { FeedEvent } from '../../../client/src/index.ts';
import { escapeText, jsonLine } from '../output/escape.ts';
import { fullDigest, referenceOf, shortDigest } from '../output/names.ts';
import type { Screen, Style } from '../output/terminal.ts';
import { factsOf, type Item, sentOf } from './item.ts';

/** A line for programs: time, type, reference, digest and previous digest, with tabs between them. */
export function tabbedLine(item: Item): string {
  const { at, type, digest, previousDigest, ...named } = factsOf(item);
  const reference = escapeText(referenceOf(named));
  return [escapeText(at), escapeText(type), reference, fullDigest(digest), fullDigest(previousDigest)].join(
    '\t',
  );
}

const words: Readonly<Record<string, { readonly word: string; readonly style: Style }>> = {
  'tag.created': { word: 'created', style: 'green' },
  'tag.updated': { word: 'moved', style: 'yellow' },
  'tag.deleted': { word: 'deleted', style: 'red' },
  'manifest.pushed': { word: 'pushed', style: 'green' },
  'manifest.deleted': { word: 'removed', style: 'red' },
  state: { word: 'is', style: 'cyan' },
};
const wordWidth = 7;

/** A line for people: local time, a word, the reference, and short digests. */
export function columnLine(item: Item, paint: Screen['paint'], timeOf: (at: string) => string): string {
  const { at, type, digest, previousDigest, ...named } = factsOf(item);
  const { word, style } = words[type] ?? { word: escapeText(type), style: 'cyan' };
  const digests = [previousDigest, digest].filter((each) => each !== null).map(shortDigest);
  return [
    paint('dim', timeOf(at)),
    paint(style, word.padEnd(wordWidth)),
    escapeText(referenceOf(named)),
    paint('dim', digests.join(' → ')),
  ]
    .join('  ')
    .trimEnd();
}

/** `--json`: the change or the row as the gateway sent it. */
export function itemJson(item: Item): string {
  return jsonLine(sentOf(item));
}

/** `--json-events`: messages as over a WebSocket (PROTOCOL.md, section 5), without the names of subscriptions. */
export function eventJson(event: FeedEvent): string {
  const { kind, ...members } = event;
  if (event.kind === 'state') return jsonLine({ type: 'state', state: event.row });
  if (event.kind === 'change')
    return jsonLine({ type: 'change', resume: event.resume, change: event.change });
  return jsonLine({ type: kind, ...members });
}
