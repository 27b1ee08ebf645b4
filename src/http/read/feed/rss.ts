/** RSS 2.0 (rssboard.org/rss-specification), with Atom's link to itself as the RSS Best Practices Profile wants. Pure. */
import type { Feed, FeedItem } from './feed.ts';
import { element, escaped, factsToHtml } from './markup.ts';

/** The feed as an RSS document, in parts: one for each item. */
export function* toRss(feed: Feed): Generator<string> {
  const title = escaped(feed.title);
  yield [
    '<?xml version="1.0" encoding="utf-8"?>\n',
    '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">\n<channel>\n',
    element('title', title),
    element('link', feed.changesUrl),
    element('description', title),
    element('language', 'en'),
    element('generator', 'Manifeed'),
    ...(feed.updatedAt === null ? [] : [element('lastBuildDate', timestamp(feed.updatedAt))]),
    `<atom:link rel="self" type="application/rss+xml" href="${escaped(feed.selfUrl)}"/>\n`,
  ].join('');
  for (const item of feed.items) yield toItem(item);
  yield '</channel>\n</rss>\n';
}

function toItem({ id, title, recordedAt, url, categories, facts }: FeedItem): string {
  return [
    '<item>\n',
    // Escaped twice: RSS does not say whether a title is HTML, and many readers take it for that.
    element('title', escaped(title)),
    element('link', url),
    element('description', factsToHtml(facts)),
    ...categories.map((category) => element('category', category)),
    element('guid', id, ' isPermaLink="false"'),
    element('pubDate', timestamp(recordedAt)),
    '</item>\n',
  ].join('');
}

/** RFC 822 with a year of four digits. */
function timestamp(timeMs: number): string {
  return new Date(timeMs).toUTCString();
}
