/** What a feed says of a change, and of itself. */
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../../../src/event/change.ts';
import { changeToJson } from '../../../../../src/event/encode.ts';
import type { FeedSource } from '../../../../../src/http/read/feed/feed.ts';
import { toJsonFeed } from '../../../../../src/http/read/feed/json.ts';
import { sampleChange as change, feedOf } from '../../../../support/feed-samples.ts';
import { digestOf } from '../../../../support/ledger-samples.ts';

const of = (more: Partial<Change>, defaultRegistry = 'docker.io') =>
  [...feedOf([{ ...change, ...more }], { defaultRegistry }).items][0];
const short = (word: string) => `${digestOf(word).slice(0, 19)}…`;

describe('an item', () => {
  it('has an id that no later version may change: readers would show everything again', () => {
    expect(of({})?.id).toBe('urn:uuid:8cbe53d3-82f4-5c88-837c-1a5004953bec');
    expect(feedOf([]).id).toBe('urn:uuid:31b74809-798a-549a-8964-cc4cef8ff186');
  });

  it('has an id that comes from its position alone', () => {
    const ids = [{}, { tag: 'other', recordedAt: 0 }, { sequence: 43 }, { epoch: 'another1' }].map(
      (more) => of(more)?.id,
    );
    expect(new Set(ids).size).toBe(3);
    expect(ids[0]).toBe(ids[1]);
    for (const id of ids)
      expect(id).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it.each<[Partial<Change>, string]>([
    [{}, `nginx:1.27 moved to ${short('b')}`],
    [{ digest: null }, 'nginx:1.27 moved'],
    [{ type: 'tag.created' }, `nginx:1.27 was created at ${short('b')}`],
    [{ type: 'tag.created', digest: null }, 'nginx:1.27 was created'],
    [{ type: 'tag.deleted', digest: null }, 'nginx:1.27 was deleted'],
    [{ type: 'manifest.pushed', tag: null }, `nginx@${short('b')} was pushed`],
    [{ type: 'manifest.deleted', tag: null }, `nginx@${short('b')} was deleted`],
    [{ type: 'manifest.deleted', tag: null, digest: null }, 'nginx was deleted'],
    [{ repository: 'team/app' }, `team/app:1.27 moved to ${short('b')}`],
    [{ repository: 'library/a/b' }, `library/a/b:1.27 moved to ${short('b')}`],
    [{ repository: 'team.io/app' }, `docker.io/team.io/app:1.27 moved to ${short('b')}`],
    [{ registry: 'ghcr.io', repository: 'team/app' }, `ghcr.io/team/app:1.27 moved to ${short('b')}`],
  ])('with %j has the title %s', (more, title) => {
    expect(of(more)?.title).toBe(title);
  });

  it('names a repository as the gateway reads bare names', () => {
    expect(of({}, 'ghcr.io')?.title).toMatch(/^docker\.io\/library\/nginx:1\.27 /);
    expect(of({}, 'index.docker.io')?.title).toMatch(/^nginx:1\.27 /);
    expect(of({ registry: 'ghcr.io' }, 'ghcr.io')?.title).toMatch(/^library\/nginx:/);
  });

  it('tells in facts all that is known, and nothing of what is not', () => {
    expect(of({ platforms: { 'linux/amd64': digestOf('p') } })?.facts).toEqual([
      ['Tag', 'docker.io/library/nginx:1.27'],
      ['Points to', digestOf('b')],
      ['Before', digestOf('a')],
      ['Media type', change.mediaType],
      ['Size', '1234 bytes'],
      ['linux/amd64', digestOf('p')],
      ['At the registry', '2026-11-25T10:00:00.000Z'],
      ['Recorded', '2026-11-25T10:00:01.005Z'],
      ['Source', 'webhook:hub'],
    ]);
    const unknown = { digest: null, previousDigest: null, mediaType: null, size: null, platforms: null };
    expect(of(unknown)?.facts.map(([name]) => name)).toEqual([
      ...['Tag', 'Points to', 'At the registry', 'Recorded', 'Source'],
    ]);
    expect(of(unknown)?.facts[1]).toEqual(['Points to', 'not known']);
    expect(of({ ...unknown, type: 'tag.deleted' })?.facts[1]?.[0]).toBe('At the registry');
    expect(of({ type: 'manifest.pushed', tag: null })?.facts.slice(0, 2)).toEqual([
      ['Repository', 'docker.io/library/nginx'],
      ['Manifest', digestOf('b')],
    ]);
  });

  it('links to the newest change before the next position: itself', () => {
    expect(of({})?.url).toBe('https://gateway.example.com/v1/changes?type=*&before=j3inx9k3-43&n=1');
  });

  it('has all that JSON Feed 1.1 requires', () => {
    const { version, title, items } = JSON.parse([...toJsonFeed(feedOf([change, change]))].join(''));
    expect([version, title]).toEqual(['https://jsonfeed.org/version/1.1', 'Changes of all repositories']);
    expect(items).toHaveLength(2);
    for (const item of items)
      expect([typeof item.id, typeof item.content_html]).toEqual(['string', 'string']);
  });

  it('carries, in JSON, the change as the rest of the API gives it', () => {
    const { items } = JSON.parse([...toJsonFeed(feedOf([change]))].join(''));
    expect(items[0]._manifeed).toEqual(JSON.parse(changeToJson(change)));
  });
});

describe('the feed itself', () => {
  it('is called by what was asked for, in short', () => {
    const titleOf = (params: FeedSource['params']) => feedOf([], { params }).title;
    expect(titleOf({})).toBe('Changes of all repositories');
    expect(titleOf({ repository: ['nginx'], tag: ['1.*'], type: ['tag.updated'] })).toBe(
      'Changes of nginx, tags 1.*, types tag.updated',
    );
    expect(titleOf({ repository: ['a', 'b', 'c', 'd', 'e'] })).toBe('Changes of a, b, c and 2 more');
  });

  it('has another id for another filter and another ledger, and the same one everywhere else', () => {
    const { id } = feedOf([]);
    expect(feedOf([], { filterKey: 'other' }).id).not.toBe(id);
    expect(feedOf([], { epoch: 'another1' }).id).not.toBe(id);
    const elsewhere = { baseUrl: 'http://other', path: '/v1/feed.rss', params: { n: '7' } };
    expect(feedOf([change], elsewhere).id).toBe(id);
  });

  it('links to itself with what was asked for', () => {
    const params = { repository: ['nginx', 'ghcr.io/**'], tag: ['semver:^1.27'], type: ['*'], n: '7' };
    expect(feedOf([], { params }).selfUrl).toBe(
      'https://gateway.example.com/v1/feed.atom?repository=nginx&repository=ghcr.io%2F**&tag=semver%3A%5E1.27&type=*&n=7',
    );
    expect(feedOf([]).selfUrl).toBe('https://gateway.example.com/v1/feed.atom');
  });
});
