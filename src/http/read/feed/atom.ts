/** Atom (RFC 4287). Pure. */
import { author, type Feed, type FeedItem } from './feed.ts';
import { element, escaped, factsToHtml } from './markup.ts';

/** The `updated` of a feed without items, which must have one: the same from every gateway at any time. */
const neverMs = 0;

/** The feed as an Atom document, in parts: one for each item. */
export function* toAtom(feed: Feed): Generator<string> {
  yield [
    '<?xml version="1.0" encoding="utf-8"?>\n',
    '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">\n',
    element('id', feed.id),
    element('title', feed.title),
    element('updated', timestamp(feed.updatedAt ?? neverMs)),
    `<author><name>${author}</name></author>\n`,
    link('self', 'application/atom+xml', feed.selfUrl),
    link('alternate', 'application/json', feed.changesUrl),
  ].join('');
  for (const item of feed.items) yield toEntry(item);
  yield '</feed>\n';
}

function toEntry({ id, title, recordedAt, url, categories, facts }: FeedItem): string {
  return [
    '<entry>\n',
    element('id', id),
    element('title', title),
    element('published', timestamp(recordedAt)),
    element('updated', timestamp(recordedAt)),
    link('alternate', 'application/json', url),
    ...categories.map((term) => `<category term="${escaped(term)}"/>\n`),
    element('content', factsToHtml(facts), ' type="html"'),
    '</entry>\n',
  ].join('');
}

function link(rel: string, type: string, href: string): string {
  return `<link rel="${rel}" type="${type}" href="${escaped(href)}"/>\n`;
}

function timestamp(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
