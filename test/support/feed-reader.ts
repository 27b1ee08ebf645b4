/** Reads feeds as strangers do: by parsers that we did not write, and, for XML, against a schema of the format. */
import { readFileSync } from 'node:fs';
import { parseAtomFeed, parseJsonFeed, parseRssFeed } from 'feedsmith';
import { RelaxNGValidator, XmlDocument } from 'libxml2-wasm';

/** What a reader takes from a feed, whatever its format. */
export interface ReadFeed {
  /** Undefined: the format has none. */
  readonly id: string | undefined;
  readonly title: string;
  readonly selfUrl: string;
  readonly items: readonly ReadItem[];
}

export interface ReadItem {
  readonly id: string;
  readonly title: string;
  readonly html: string;
  readonly url: string;
  readonly publishedAt: number;
}

export type FeedName = 'atom' | 'rss' | 'json';

const schemas = { atom: schemaOf('atom'), rss: schemaOf('rss') };

/** @throws if it is not well-formed, not valid, or lacks what a reader needs */
export function readFeed(name: FeedName, text: string): ReadFeed {
  if (name !== 'json') validate(name, text);
  return { atom: readAtom, rss: readRss, json: readJson }[name](text);
}

function schemaOf(name: string): RelaxNGValidator {
  const text = readFileSync(new URL(`../fixtures/feeds/${name}.rng`, import.meta.url), 'utf8');
  return RelaxNGValidator.fromDoc(XmlDocument.fromString(text));
}

function validate(name: keyof typeof schemas, text: string): void {
  const document = XmlDocument.fromString(text);
  try {
    schemas[name].validate(document);
  } finally {
    document.dispose();
  }
}

function readAtom(text: string): ReadFeed {
  const { id, title, links, entries = [] } = parseAtomFeed(text);
  return {
    id: needed(id),
    title: needed(title?.value),
    selfUrl: needed(links?.find(({ rel }) => rel === 'self')?.href),
    items: entries.map((entry) => ({
      id: needed(entry.id),
      title: needed(entry.title?.value),
      html: needed(entry.content?.value),
      url: needed(entry.links?.[0]?.href),
      publishedAt: Date.parse(needed(entry.published)),
    })),
  };
}

function readRss(text: string): ReadFeed {
  const { title, atom, items = [] } = parseRssFeed(text);
  return {
    id: undefined,
    title: needed(title),
    selfUrl: needed(atom?.links?.[0]?.href),
    items: items.map((item) => ({
      id: needed(item.guid?.value),
      title: needed(item.title),
      html: needed(item.description),
      url: needed(item.link),
      publishedAt: Date.parse(needed(item.pubDate)),
    })),
  };
}

function readJson(text: string): ReadFeed {
  const { title, feed_url, items = [] } = parseJsonFeed(JSON.parse(text));
  return {
    id: undefined,
    title: needed(title),
    selfUrl: needed(feed_url),
    items: items.map((item) => ({
      id: needed(item.id),
      title: needed(item.title),
      html: needed(item.content_html),
      url: needed(item.url),
      publishedAt: Date.parse(needed(item.date_published)),
    })),
  };
}

function needed<T>(value: T | undefined): T {
  if (value !== undefined) return value;
  throw new Error('read a feed: a member is missing that readers need');
}
