import { describe, expect, it } from 'vitest';
import { AnswerReader } from '../../../load-tests/index/answers.ts';
import { checkBody, imagesPerCheck } from '../../../load-tests/index/checks.ts';
import { Content, mirrors, registry } from '../../../load-tests/index/content.ts';
import { byTurns } from '../../../load-tests/index/measured.ts';
import { parseIndexOptions } from '../../../load-tests/index/options.ts';
import { Pick, pointRead, queries } from '../../../load-tests/index/queries.ts';
import { rowsOf } from '../../../load-tests/index/rows.ts';
import { queriesTable } from '../../../load-tests/index/tables.ts';
import { parseImage } from '../../../src/http/read/check/image.ts';
import { openMemoryLedger } from '../../../src/ledger/memory/memory.ts';
import { fakeClock } from '../../support/fake-clock.ts';

const endedAt = Date.UTC(2026, 0, 21);
const content = new Content({ tags: 900, changes: 2_000, mirrorTags: 400 }, endedAt);

async function imported() {
  const clock = fakeClock(endedAt);
  const retention = { maxChanges: 1_000_000, maxAgeMs: 30 * 86_400_000 };
  // The memory ledger looks at every row of all repositories, in pages of so many.
  const limits = { maxRowsLookedAt: 1_000_000 };
  const ledger = await openMemoryLedger({ clock, random: Math.random, retention, limits });
  await ledger.importRows(rowsOf(content));
  return ledger;
}

describe('parseIndexOptions', () => {
  it('measures a million tags by default, and compares memory with a hundredth of them', () => {
    expect(parseIndexOptions([])).toEqual({
      ...{ ledger: 'sqlite', times: 200, seconds: 10 },
      extent: { tags: 1_000_000, changes: 5_000_000, mirrorTags: 10_000 },
      small: { tags: 10_000, changes: 50_000, mirrorTags: 100 },
    });
    const { extent, small } = parseIndexOptions(['--tags', '20000', '--changes', '60000']);
    expect([extent.mirrorTags, small.tags, small.changes]).toEqual([200, 2_000, 6_000]);
  });

  it.each([
    [['--ledger', 'memory'], /read --ledger: "memory": must be one of sqlite, redis/],
    [['--tags', '10'], /read --tags: "10": must be an integer from 1000 to/],
    [['--tags', '2000', '--changes', '1999'], /read --changes: "1999": must be an integer from 2000 to/],
  ])('refuses %j and says what would be right', (args, message) => {
    expect(() => parseIndexOptions(args)).toThrow(message);
  });
});

describe('the content', () => {
  it('is a whole export, in which every question finds what it asks for', async () => {
    const ledger = await imported();
    expect(await ledger.bounds()).toMatchObject({ floor: 0, head: 2_000 });
    const pick = new Pick(content);
    const some = await ledger.states(Array.from({ length: 200 }, () => pick.tag()));
    expect(some.every((state) => state?.present === true && state.checkedAgeMs !== null)).toBe(true);
    for (const query of queries) {
      let rows = 0;
      for (let i = 0; i < 20; i += 1) rows += (await query.ask(ledger, pick)).length;
      expect(rows, query.name).toBeGreaterThanOrEqual(20);
    }
    for (let i = 0; i < 50; i += 1) {
      const { tags } = await ledger.tagsAt({ digest: pick.digest(), limit: 100 });
      expect(tags.length).toBeGreaterThan(0);
    }
  });

  it('has for each tag the changes that led to where it points', async () => {
    const ledger = await imported();
    for (const t of [0, 199, 200, 899]) {
      const of = content.tag(t);
      const [state] = await ledger.states([of]);
      const { changes } = await ledger.history({ of, limit: 10 });
      expect(changes.map(({ sequence }) => sequence).reverse()).toEqual(content.changesOf(t));
      expect(changes[0]).toMatchObject({ digest: state?.digest, sequence: state?.sequence });
      expect(changes[1]?.digest).toBe(changes[0]?.previousDigest);
    }
  });

  it('has two mirrors that differ in a few tags', async () => {
    const ledger = await imported();
    const [left = [], right = []] = await Promise.all(
      mirrors.map(async (mirror) => {
        const within = { repositories: [`${registry}/${mirror}`] };
        const { tags } = await ledger.listTags({ within, limit: 1_000 });
        return tags.map(({ tag, digest }) => `${tag} ${digest}`);
      }),
    );
    expect(left).toHaveLength(398);
    expect(right).toHaveLength(398);
    expect(left.filter((row) => right.includes(row))).toHaveLength(394);
  });

  it('is checked image by image, each of its own repository', async () => {
    const large = new Content({ tags: 60_000, changes: 60_000, mirrorTags: 1 }, endedAt);
    const { images } = JSON.parse(checkBody(large, 250, '^1'));
    const parsed = images.map((image: { image: string }) =>
      parseImage(image, 'docker.io', (member) => member),
    );
    expect(new Set(parsed.map(({ repository }: { repository: string }) => repository)).size).toBe(
      imagesPerCheck,
    );
    expect(JSON.parse(checkBody(large, 250, null)).images[0]).not.toHaveProperty('range');
  });
});

describe('AnswerReader', () => {
  const read = (method: string, ...chunks: readonly string[]) => {
    const reader = new AnswerReader();
    reader.expect(method);
    return chunks.map((chunk) => reader.take(Buffer.from(chunk)));
  };

  it('waits for the whole head and the whole body, however they are cut', () => {
    const answer = { status: 200, bodyBytes: 5, beginning: 'ab' };
    expect(read('GET', 'HTTP/1.1 200 OK\r\nContent-Len', 'gth: 5\r\n\r\nab', 'cde')).toEqual([
      null,
      null,
      answer,
    ]);
    expect(read('GET', 'HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}')).toEqual([
      { status: 404, bodyBytes: 2, beginning: '{}' },
    ]);
  });

  it('expects no body after HEAD, whatever its length would be', () => {
    expect(read('HEAD', 'HTTP/1.1 200 OK\r\ncontent-length: 10229\r\n\r\n')).toEqual([
      { status: 200, bodyBytes: 0, beginning: '' },
    ]);
  });

  it('refuses a body whose end it could not tell', () => {
    expect(() => read('GET', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')).toThrow(
      /must have a Content-Length/,
    );
  });
});

describe('byTurns', () => {
  it('asks by turns, and leaves the first round of each out', async () => {
    const asked: string[] = [];
    const measured = await byTurns(['a', 'b'], 40, async (name, count) => {
      asked.push(name);
      const ms = asked.length <= 2 ? 1_000 : 5;
      return { latenciesMs: Array.from({ length: count }, () => ms), cpuMs: 2 * count, amount: 3 };
    });
    expect(asked.join('')).toBe('ababab');
    expect(measured).toEqual(['a', 'b'].map((name) => ({ name, p50: 5, p99: 5, cpuMs: 2, amount: 3 })));
  });
});

describe('queriesTable', () => {
  it('says which medians are too long for that ledger, and compares with a point read', () => {
    const measured = (name: string, p50: number) => ({ name, p50, p99: 9, cpuMs: 1, amount: 3 });
    const rows = [measured(pointRead, 0.5), measured('tags at a digest', 3)];
    const cells = (kind: 'sqlite' | 'redis') =>
      queriesTable(kind, rows, [])
        .split('\n')
        .at(-1)
        ?.split('|')
        .map((cell) => cell.trim());
    expect(cells('sqlite')).toEqual(expect.arrayContaining(['3.00', '6.0', 'MISSED 2', '–']));
    expect(cells('redis')).toEqual(expect.arrayContaining(['3.00', '6.0', '5', '–']));
  });
});
