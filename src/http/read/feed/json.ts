/** JSON Feed 1.1 (jsonfeed.org/version/1.1). Pure. */
import { changeToJson } from '../../../event/encode.ts';
import { author, type Feed, type FeedItem } from './feed.ts';
import { cleaned, factsToHtml } from './markup.ts';

/** The feed as JSON, in parts: one for each item. Each item has the change itself as `_manifeed`, as `/v1/changes` gives it. */
export function* toJsonFeed(feed: Feed): Generator<string> {
  const head = JSON.stringify({
    version: 'https://jsonfeed.org/version/1.1',
    title: cleaned(feed.title),
    feed_url: feed.selfUrl,
    language: 'en',
    authors: [{ name: author }],
  });
  yield `${head.slice(0, -1)},"items":[`;
  let isFirst = true;
  for (const item of feed.items) {
    yield `${isFirst ? '' : ','}${toItem(item)}`;
    isFirst = false;
  }
  yield ']}';
}

function toItem({ id, title, recordedAt, url, categories, facts, change }: FeedItem): string {
  const item = JSON.stringify({
    id,
    url,
    title: cleaned(title),
    content_html: factsToHtml(facts),
    date_published: new Date(recordedAt).toISOString(),
    tags: categories.map(cleaned),
  });
  return `${item.slice(0, -1)},"_manifeed":${changeToJson(change)}}`;
}
