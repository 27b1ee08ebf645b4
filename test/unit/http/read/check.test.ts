import { describe, expect, it } from 'vitest';
import type { Digest } from '../../../../src/event/digest.ts';
import { type CheckParts, check, maxLookUps } from '../../../../src/http/read/check/check.ts';
import { type ImageText, parseImage, parseImages } from '../../../../src/http/read/check/image.ts';
import { VersionLists } from '../../../../src/http/read/check/version-lists.ts';
import type { TagName } from '../../../../src/ledger/queries.ts';
import { OneATurn } from '../../../../src/lib/one-a-turn.ts';
import { Reading } from '../../../../src/reading/reading.ts';
import { type AskedLedger, openAskedLedger, startedAt } from '../../../support/asked-ledger.ts';
import {
  digestOf,
  listed,
  lookedAt,
  manifestType,
  tagGone,
  tagSeen,
} from '../../../support/ledger-samples.ts';

const grant = {
  ...{ name: 'g', key: 'g', owner: null, admin: false, metrics: false, unpaced: false },
  ...{ patterns: ['**'], allows: () => true },
};
const indexType = 'application/vnd.oci.image.index.v1+json';
const base = 'registry.example.com:5000/library/base';

async function ask(
  ledger: AskedLedger,
  images: readonly ImageText[],
  lookUps: CheckParts['lookUps'] = null,
  versionLists = new VersionLists(),
) {
  const reading = new Reading({ grant, turns: new OneATurn(), isGone: () => false });
  const parts = { ledger, lookUps, versionLists, now: () => ledger.clock.now() };
  const asked = images.map((image) => parseImage(image, 'docker.io', (member) => member));
  return check(parts, reading, asked);
}

describe('check', () => {
  it('is certain of the newest tag once the list was read whole, as of the older of the two looks', async () => {
    const ledger = await openAskedLedger();
    await ledger.record([lookedAt('1.0', 'a'), lookedAt('1.1', 'b'), listed(true)]);
    ledger.clock.advance(60_000);
    await ledger.record([lookedAt('1.0', 'a'), lookedAt('1.1', 'b')]);
    ledger.clock.advance(5_000);
    const [checked] = await ask(ledger, [{ image: `${base}:1.0`, digest: digestOf('a'), range: '^1' }]);
    expect(checked).toEqual({
      ...{ image: `${base}:1.0`, digest: digestOf('a'), moved: false },
      newest: { tag: '1.1', digest: digestOf('b'), updatedAt: new Date(startedAt).toISOString() },
      ...{ certain: true, checkedAt: new Date(startedAt).toISOString(), reason: null },
    });
    const [plain] = await ask(ledger, [{ image: `${base}:1.0` }]);
    expect(plain?.checkedAt).toBe(new Date(startedAt + 60_000).toISOString());
  });

  it('compares what the client has with the newest, where it named no tag', async () => {
    const ledger = await openAskedLedger();
    await ledger.record([lookedAt('1.0', 'a'), lookedAt('1.1', 'b'), listed(true)]);
    const [old, current] = await ask(ledger, [
      { image: `${base}@${digestOf('a')}`, range: '^1' },
      { image: `${base}:^1@${digestOf('b')}` },
    ]);
    expect([old?.moved, old?.digest, current?.moved]).toEqual([true, digestOf('b'), false]);
    const [none] = await ask(ledger, [{ image: base, range: '^2' }]);
    expect(none).toMatchObject({ digest: null, moved: null, newest: null, certain: true, reason: null });
  });

  it('says that a digest is still to come', async () => {
    const ledger = await openAskedLedger();
    await ledger.record([tagSeen('1.0', null, startedAt)]);
    const [checked] = await ask(ledger, [{ image: `${base}:1.0`, digest: digestOf('a') }]);
    expect(checked).toMatchObject({ digest: null, moved: null, certain: false, reason: 'no-digest' });
  });

  it('asks for two hundred images once', async () => {
    const ledger = await openAskedLedger();
    await ledger.record(Array.from({ length: 200 }, (_, n) => lookedAt(`t${n}`, `w${n}`)));
    const images = Array.from({ length: 200 }, (_, n) => ({
      image: `${base}:t${n}`,
      digest: digestOf('w7'),
    }));
    const checked = await ask(ledger, images);
    expect(checked.filter(({ moved }) => moved === false)).toHaveLength(1);
    expect(ledger.asked).toEqual(['states']);
  });

  it('reads the tags of a repository once for all ranges', async () => {
    const ledger = await openAskedLedger();
    await ledger.record([lookedAt('1.0', 'a'), lookedAt('2.0', 'b'), listed(true)]);
    const checked = await ask(ledger, [
      { image: base, range: '^1' },
      { image: base, range: '^2' },
      { image: `${base}:1.0`, range: '*' },
    ]);
    expect(checked.map(({ newest }) => newest?.tag)).toEqual(['1.0', '2.0', '2.0']);
    expect(ledger.asked).toEqual(['lists', 'tagNames', 'states']);
  });
});

describe('a check that is made again', () => {
  it('reads the tags again only once some came or went', async () => {
    const ledger = await openAskedLedger();
    const versionLists = new VersionLists();
    const newest = async () => {
      const [checked] = await ask(ledger, [{ image: base, range: '^1' }], null, versionLists);
      return checked?.newest?.tag;
    };
    await ledger.record([lookedAt('1.0', 'a'), lookedAt('1.1', 'b'), listed(true)]);
    expect([await newest(), await newest()]).toEqual(['1.1', '1.1']);
    await ledger.record([lookedAt('1.1', 'c')]);
    await newest();
    expect(await newest()).toBe('1.1');
    await ledger.record([lookedAt('1.2', 'd')]);
    expect(await newest()).toBe('1.2');
    await ledger.record([tagGone('1.2', ledger.clock.now())]);
    expect(await newest()).toBe('1.1');
    const reads = ledger.asked.filter((name) => name === 'tagNames');
    expect(reads).toHaveLength(4);
  });
});

describe('a check of more tags than one request may read', () => {
  it('names the newest only of repositories that were read whole', async () => {
    const ledger = await openAskedLedger();
    const repositories = ['r/a', 'r/b', 'r/c'];
    for (const repository of repositories) {
      await ledger.record([lookedAt('1.0', 'a', 0, { repository }), lookedAt('1.9', 'b', 0, { repository })]);
      await ledger.record([listed(true, 0, { repository })]);
    }
    // Three pages of one row fit: the second repository is read in part.
    const perRow = { ...ledger, tagNames: slowly(ledger, 16_500) };
    const images = repositories.map((name) => ({ image: `registry.example.com:5000/${name}`, range: '^1' }));
    const checked = await ask(perRow, images);
    expect(checked.map(({ newest, reason }) => newest?.tag ?? reason)).toEqual([
      ...['1.9', 'too-many-rows', 'too-many-rows'],
    ]);
  });
});

/** One row a page, each as if so many had been looked at. */
function slowly(ledger: AskedLedger, looked: number): AskedLedger['tagNames'] {
  return async (query) => ({ ...(await ledger.tagNames({ ...query, limit: 1 })), looked });
}

describe('a look-up', () => {
  it('is made for what is not known, and the answer has what it found', async () => {
    const ledger = await openAskedLedger();
    await ledger.record([lookedAt('known', 'a')]);
    const looked: TagName[] = [];
    const lookUp = async (names: readonly TagName[]) => {
      looked.push(...names);
      await ledger.record([lookedAt('new', 'b')]);
    };
    const images = [{ image: `${base}:known` }, { image: `${base}:new` }, { image: `${base}:none` }];
    const checked = await ask(ledger, images, { lookUp });
    expect(looked.map(({ tag }) => tag)).toEqual(['new', 'none']);
    expect(checked.map(({ digest, reason }) => digest ?? reason)).toEqual([
      digestOf('a'),
      digestOf('b'),
      'unknown',
    ]);
  });

  it(`is made for ${maxLookUps} tags of one request at most`, async () => {
    const ledger = await openAskedLedger();
    let asked = 0;
    const lookUp = async (names: readonly TagName[]) => {
      asked += names.length;
    };
    const images = Array.from({ length: maxLookUps + 5 }, (_, n) => ({ image: `${base}:t${n}` }));
    const checked = await ask(ledger, images, { lookUp });
    expect(asked).toBe(maxLookUps);
    expect(checked.every(({ reason }) => reason === 'unknown')).toBe(true);
  });
});

describe('a platform', () => {
  const platform = 'linux/arm64/v8';

  /** An index that is known, with the manifest of linux/arm64. */
  async function index(ledger: AskedLedger, word: string, arm: string): Promise<void> {
    const known = { digest: digestOf(word), mediaType: manifestType, size: 1, bytes: null };
    const platforms: Record<string, Digest> = { 'linux/arm64': digestOf(arm), 'linux/amd64': digestOf(word) };
    await ledger.manifests.put({ ...known, children: [digestOf(arm)], platforms });
  }

  it.each([
    { has: 'old index', moved: false, certain: true },
    { has: 'other index', moved: true, certain: true },
    { has: 'arm', moved: false, certain: true },
    { has: 'new index', moved: false, certain: true },
    { has: 'never seen', moved: true, certain: false },
  ])('whose manifest stays has not moved: of $has, $moved', async ({ has, moved, certain }) => {
    const ledger = await openAskedLedger();
    await index(ledger, 'old index', 'arm');
    await index(ledger, 'new index', 'arm');
    await index(ledger, 'other index', 'former arm');
    await ledger.record([lookedAt('1.0', 'new index')]);
    const [checked] = await ask(ledger, [{ image: `${base}:1.0`, digest: digestOf(has), platform }]);
    expect(checked).toMatchObject({ moved, certain, digest: digestOf('new index') });
  });

  it('that an index does not have is not known, and one that went has moved', async () => {
    const ledger = await openAskedLedger();
    await index(ledger, 'old index', 'arm');
    await index(ledger, 'new index', 'arm');
    const known = {
      digest: digestOf('without'),
      mediaType: manifestType,
      size: 1,
      bytes: null,
      children: [],
    };
    await ledger.manifests.put({ ...known, platforms: { 'linux/amd64': digestOf('amd') } });
    await ledger.record([lookedAt('1.0', 'new index'), lookedAt('2.0', 'without')]);
    const asked = (tag: string, of: string) => ({
      ...{ image: `${base}:${tag}`, digest: digestOf('old index'), platform: of },
    });
    const checked = await ask(ledger, [asked('1.0', 'linux/s390x'), asked('2.0', platform)]);
    expect(checked.map(({ moved, certain }) => [moved, certain])).toEqual([
      [null, false],
      [true, true],
    ]);
  });

  it('of several versions of a system has moved if one of them has', async () => {
    const ledger = await openAskedLedger();
    const put = (word: string, second: string) =>
      ledger.manifests.put({
        ...{ digest: digestOf(word), mediaType: manifestType, size: 1, bytes: null, children: [] },
        platforms: { 'windows(1)/amd64': digestOf('first'), 'windows(2)/amd64': digestOf(second) },
      });
    await put('old', 'second');
    await put('equal', 'second');
    await put('new', 'other');
    const asked = (tag: string, has: string) => ({
      ...{ image: `${base}:${tag}`, digest: digestOf(has), platform: 'windows/amd64' },
    });
    await ledger.record([lookedAt('1.0', 'equal'), lookedAt('2.0', 'new')]);
    const checked = await ask(ledger, [
      asked('1.0', 'old'),
      asked('2.0', 'old'),
      asked('2.0', 'first'),
      asked('2.0', 'second'),
    ]);
    expect(checked.map(({ moved }) => moved)).toEqual([false, true, false, true]);
  });

  it('of an index that was not resolved is not known', async () => {
    const ledger = await openAskedLedger();
    await ledger.record([lookedAt('1.0', 'new', 0, { mediaType: indexType })]);
    const [checked] = await ask(ledger, [{ image: `${base}:1.0`, digest: digestOf('old'), platform }]);
    expect(checked).toMatchObject({ moved: null, certain: false, reason: 'platform-unknown' });
  });

  it.each([
    { has: 'new', moved: false, certain: true },
    { has: 'old', moved: true, certain: true },
    { has: 'never seen', moved: true, certain: false },
    { has: 'index with new', moved: false, certain: true },
    { has: 'other index', moved: true, certain: true },
    { has: 'index without', moved: null, certain: false },
    { has: 'unread index', moved: true, certain: false },
  ])('of a manifest of one platform moves with its tag: of $has, $moved', async ({ has, moved, certain }) => {
    const ledger = await openAskedLedger();
    await index(ledger, 'index with new', 'new');
    await index(ledger, 'other index', 'arm');
    const known = { digest: digestOf('index without'), mediaType: indexType, size: 1, bytes: null };
    await ledger.manifests.put({ ...known, children: [], platforms: { 'linux/amd64': digestOf('amd') } });
    await ledger.record([lookedAt('1.0', 'unread index', 0, { mediaType: indexType })]);
    for (const word of ['old', 'new']) await ledger.record([lookedAt('1.0', word)]);
    const [checked] = await ask(ledger, [{ image: `${base}:1.0`, digest: digestOf(has), platform }]);
    expect(checked).toMatchObject({ moved, certain, digest: digestOf('new') });
    expect(checked?.reason).toBe(certain ? null : 'platform-unknown');
  });
});

describe('a thousand images', () => {
  it('with costly ranges are read in turns', async () => {
    const reading = new Reading({ grant, turns: new OneATurn(), isGone: () => false });
    const range = Array.from({ length: 8 }, (_, n) => `>=1.${n}.0-a.b.c.${n} <1.${n + 1}`).join(' || ');
    const given = Array.from({ length: 1_000 }, () => ({ image: 'nginx', range }));
    let turns = 0;
    let isOver = false;
    const count = () => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const images = await parseImages(reading, given, 'docker.io', () => (member) => member);
    isOver = true;
    expect(images).toHaveLength(1_000);
    // Each of them takes up to half a millisecond.
    expect(turns).toBeGreaterThan(100);
  });

  it('of platforms read each manifest once, and few at a time', async () => {
    const ledger = await openAskedLedger();
    const tags = Array.from({ length: 100 }, (_, n) => `1.${n}`);
    await ledger.record(tags.map((tag) => lookedAt(tag, tag)));
    let underWay = 0;
    let most = 0;
    const asked: string[] = [];
    const manifests = {
      ...ledger.manifests,
      async get(digest: Digest) {
        asked.push(digest);
        underWay += 1;
        most = Math.max(most, underWay);
        await new Promise((pass) => setImmediate(pass));
        underWay -= 1;
        return null;
      },
    };
    const images = Array.from({ length: 1_000 }, (_, n) => {
      const image = `${base}:${tags[n % tags.length]}`;
      return { image, digest: digestOf('had'), platform: 'linux/amd64' };
    });
    const checked = await ask({ ...ledger, manifests }, images);
    expect(new Set(checked.map(({ reason }) => reason))).toEqual(new Set(['platform-unknown']));
    expect(asked).toHaveLength(tags.length + 1);
    expect(new Set(asked).size).toBe(asked.length);
    expect(most).toBeLessThanOrEqual(16);
  });
});
