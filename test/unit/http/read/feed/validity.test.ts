/** Feeds as strangers read them: valid whatever the texts are, and every text as it was. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../../../src/event/change.ts';
import { toAtom } from '../../../../../src/http/read/feed/atom.ts';
import type { Feed } from '../../../../../src/http/read/feed/feed.ts';
import { toJsonFeed } from '../../../../../src/http/read/feed/json.ts';
import { toRss } from '../../../../../src/http/read/feed/rss.ts';
import { type FeedName, readFeed } from '../../../../support/feed-reader.ts';
import { sampleChange as change, feedOf } from '../../../../support/feed-samples.ts';
import { digestOf } from '../../../../support/ledger-samples.ts';

const formats: readonly (readonly [FeedName, (feed: Feed) => Iterable<string>])[] = [
  ['atom', toAtom],
  ['rss', toRss],
  ['json', toJsonFeed],
];

/** Texts that break what is not escaped: markup, entities, sections, controls, lone surrogates, line ends. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...['<', '>', '&', '"', "'", ']]>', '<![CDATA[', '-->', '<!--', '<?xml?>', '&amp;', '&#0;', '&lt;'],
        ...['</title>', '<script>alert(1)</script>', '\0', '\b', '\x1B', '\x7F', '\u0085', '\u2028', '\r\n'],
        ...['\uD800', '\uDC00', '\uFFFE', '\uFFFF', '\u{1F433}', '\u{1FFFF}', '\u202E', '\\u0000', 'nginx'],
      ),
      fc.string({ unit: 'binary', maxLength: 6 }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => `a${parts.join('')}z`);

const hostileChange: fc.Arbitrary<Change> = fc
  .record({
    type: fc.constantFrom<Change['type']>('tag.created', 'tag.updated', 'tag.deleted', 'manifest.pushed'),
    sequence: fc.nat(),
    registry: hostile,
    repository: hostile,
    tag: fc.option(hostile),
    mediaType: fc.option(hostile),
    origin: hostile,
    platforms: fc.dictionary(hostile, fc.constant(digestOf('p')), { maxKeys: 2, noNullPrototype: true }),
  })
  .map((members) => ({ ...change, ...members }));

const decoded = (html: string) =>
  html.replace(/&(?:amp|lt|gt|quot|#39|#9|#10|#13);/g, (reference) => {
    const of = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" }[reference];
    return of ?? String.fromCharCode(Number(reference.slice(2, -1)));
  });
/** What remains of a text that XML cannot hold. */
const legible = (text: string) =>
  text.replace(/[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD');

describe.each(formats)('a feed as %s', (name, partsOf) => {
  const write = (feed: Feed) => [...partsOf(feed)].join('');

  it('is valid whatever texts it has, and gives each of them back', () => {
    fc.assert(
      fc.property(
        fc.array(hostileChange, { maxLength: 4 }),
        fc.array(hostile, { minLength: 1, maxLength: 4 }),
        (changes, tag) => {
          const feed = feedOf(changes, { params: { repository: ['nginx'], tag } });
          const items = [...feed.items];
          const read = readFeed(name, write(feed));
          const shown = (text: string) => (name === 'rss' ? decoded(text) : text);
          expect(shown(read.title)).toBe(legible(feed.title));
          expect(read.selfUrl).toBe(feed.selfUrl);
          expect(read.items.map((item) => [item.id, item.url, shown(item.title)])).toEqual(
            items.map((item) => [item.id, item.url, legible(item.title)]),
          );
          for (const [at, { html }] of read.items.entries()) {
            // Of markup only what we wrote: a paragraph and its line ends.
            const texts = html.replace(/^<p>|<\/p>$/g, '').split('<br>');
            expect(html.replace(/^<p>|<\/p>$|<br>/g, '')).not.toMatch(/[<>]/);
            expect(texts.map(decoded)).toEqual(items[at]?.facts.map((fact) => legible(fact.join(': '))));
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('is valid without an item', () => {
    expect(readFeed(name, write(feedOf([]))).items).toEqual([]);
  });

  it('has times to the second at least, newest first', () => {
    const { items } = readFeed(name, write(feedOf([{ ...change, sequence: 43 }, change])));
    for (const { publishedAt } of items)
      expect(Math.floor(publishedAt / 1_000) * 1_000).toBe(change.recordedAt - 5);
    expect(new Set(items.map(({ id }) => id)).size).toBe(2);
  });
});
