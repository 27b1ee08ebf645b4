/** Orphans against a naive model, and what asking a registry costs and yields. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../../../../src/event/digest.ts';
import { subjectOf } from '../../../../src/event/digest-tag.ts';
import {
  askingMs,
  findOrphans,
  type OrphanRequest,
  type Presences,
} from '../../../../src/http/read/orphans.ts';
import { OneATurn } from '../../../../src/lib/one-a-turn.ts';
import { maxRows, Reading } from '../../../../src/reading/reading.ts';
import type { Presence } from '../../../../src/registry/presence.ts';
import { type AskedLedger, openAskedLedger } from '../../../support/asked-ledger.ts';
import { digestOf, manifestGone, manifestSeen, tagSeen, where } from '../../../support/ledger-samples.ts';

const words = ['a', 'b', 'c', 'd', 'e', 'f'];
const suffixes = ['', '.sig', '.att', '.sbom'];
const signature = (word: string, suffix = '.sig') => `${digestOf(word).replace(':', '-')}${suffix}`;

const step = fc.oneof(
  fc.record({ kind: fc.constant('tag' as const), word: fc.constantFrom(...words) }),
  fc.record({ kind: fc.constant('push' as const), word: fc.constantFrom(...words) }),
  fc.record({ kind: fc.constant('delete' as const), word: fc.constantFrom(...words) }),
  fc.record({ kind: fc.constant('index' as const), word: fc.constantFrom(...words) }),
  fc.record({
    kind: fc.constant('sign' as const),
    word: fc.constantFrom(...words),
    suffix: fc.constantFrom(...suffixes),
  }),
);

const grant = {
  ...{ name: 'g', key: 'g', owner: null, admin: false, metrics: false, unpaced: false },
  ...{ patterns: ['**'], allows: () => true },
};
const readingFor = (rows = maxRows) =>
  new Reading({ grant, turns: new OneATurn(), isGone: () => false, maxRows: rows });

async function findAll(ledger: AskedLedger, request: Omit<OrphanRequest, 'after' | 'repository'>) {
  const found: string[] = [];
  for (let after: string | undefined | null; after !== null; ) {
    const parts = { ledger, monotonic: () => ledger.clock.monotonic() };
    const page = await findOrphans(parts, readingFor(), { ...request, repository: where, after });
    expect(page.rows.length).toBeLessThanOrEqual(request.n);
    for (const { row, subject } of page.rows) expect(subjectOf(row.tag)).toBe(subject);
    found.push(...page.rows.map(({ row }) => row.tag));
    after = page.next;
  }
  return found;
}

/** Keeps an index in the manifest store, and tags it. */
async function pushIndex(ledger: AskedLedger, word: string, tagged: boolean): Promise<void> {
  const about = {
    mediaType: 'application/vnd.oci.image.index.v1+json',
    size: 7,
    bytes: null,
    platforms: null,
  };
  await ledger.manifests.put({ digest: digestOf(`index of ${word}`), ...about, children: [digestOf(word)] });
  if (tagged) await ledger.record([tagSeen(`index-${word}`, `index of ${word}`, ledger.clock.now())]);
}

describe('findOrphans', () => {
  it('gives what the model has, in order, in pages of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 6 }),
        async (steps, n, maxRowsLookedAt) => {
          const ledger = await openAskedLedger({ maxRowsLookedAt });
          const held = new Map<string, boolean>();
          const children = new Set<string>();
          const signed = new Set<string>();
          for (const one of steps) {
            ledger.clock.advance(10);
            const now = ledger.clock.now();
            if (one.kind === 'tag') await ledger.record([tagSeen(`of-${one.word}`, one.word, now)]);
            if (one.kind === 'push') await ledger.record([manifestSeen(one.word, now)]);
            if (one.kind === 'tag' || one.kind === 'push') held.set(one.word, true);
            if (one.kind === 'delete') {
              await ledger.record([manifestGone(one.word, now)]);
              if (held.has(one.word)) held.set(one.word, false);
            }
            if (one.kind === 'index') {
              await pushIndex(ledger, one.word, true);
              children.add(one.word);
            }
            if (one.kind === 'sign') {
              await ledger.record([tagSeen(signature(one.word, one.suffix), 'signature', now)]);
              signed.add(`${one.word} ${one.suffix}`);
            }
          }
          const isKnown = (word: string) => held.get(word) ?? children.has(word);
          const expected = [...signed]
            .map((each) => each.split(' '))
            .filter(([word = '']) => !isKnown(word))
            .map(([word = '', suffix]) => signature(word, suffix))
            .sort();
          expect(await findAll(ledger, { n, presences: null })).toEqual(expected);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('knows no child of an index that the repository does not hold', async () => {
    const ledger = await openAskedLedger();
    await ledger.record([tagSeen(signature('child'), 'signature', 0)]);
    await pushIndex(ledger, 'child', false);
    expect(await findAll(ledger, { n: 5, presences: null })).toEqual([signature('child')]);
    await pushIndex(ledger, 'child', true);
    expect(await findAll(ledger, { n: 5, presences: null })).toEqual([]);
  });

  it('takes no other tag for a signature', async () => {
    const ledger = await openAskedLedger();
    const hex = digestOf('a').slice(7);
    const others = [
      `sha256-${hex}.txt`,
      `sha256-${hex.slice(1)}`,
      `sha256-${hex.toUpperCase()}`,
      `sha512-${hex}`,
    ];
    await ledger.record([...others, 'v1', 'sha'].map((tag) => tagSeen(tag, 'x', 0)));
    expect(await findAll(ledger, { n: 5, presences: null })).toEqual([]);
  });
});

/** A registry that has these words, and answers only so many questions. */
function registryWith(there: readonly string[], answers = Infinity) {
  const asked: Digest[] = [];
  const digests = new Set(there.map(digestOf));
  const presences: Presences = {
    knows: () => true,
    ask: (_of, digest): Promise<Presence> => {
      asked.push(digest);
      if (asked.length > answers)
        return Promise.resolve({
          retryAfterMs: 7_000,
          message: 'ask registry: it allows no more requests now',
        });
      return Promise.resolve(digests.has(digest) ? 'there' : 'gone');
    },
  };
  return { asked, presences };
}

describe('verifying', () => {
  async function signedLedger(count: number) {
    const ledger = await openAskedLedger();
    const many = Array.from({ length: count }, (_, i) => `w${i}`);
    await ledger.record(many.map((word) => tagSeen(signature(word), 'signature', 0)));
    return { ledger, many, tags: many.map((word) => signature(word)).sort() };
  }
  const request = { repository: where, after: undefined, n: 100 };
  const partsOf = (ledger: AskedLedger) => ({ ledger, monotonic: () => ledger.clock.monotonic() });

  it('leaves out what the registry has, and asks for nothing that is known or beyond the page', async () => {
    const { ledger, many } = await signedLedger(20);
    await ledger.record([tagSeen('1', 'w3', 0)]);
    const { asked, presences } = registryWith(['w5', 'w6']);
    const gone = many.filter((word) => !['w3', 'w5', 'w6'].includes(word));
    expect(await findAll(ledger, { n: 100, presences })).toEqual(gone.map((word) => signature(word)).sort());
    expect(asked).toHaveLength(19);
    const one = registryWith([]);
    await findOrphans(partsOf(ledger), readingFor(), { ...request, n: 1, presences: one.presences });
    expect(one.asked).toHaveLength(1);
  });

  it('answers with what it could verify, and refuses with the time if that is nothing', async () => {
    const { ledger, tags } = await signedLedger(20);
    const { presences } = registryWith([], 11);
    const page = await findOrphans(partsOf(ledger), readingFor(), { ...request, presences });
    expect(page.rows.map(({ row }) => row.tag)).toEqual(tags.slice(0, 11));
    expect(page.next).toBe(tags[10]);
    const again = findOrphans(partsOf(ledger), readingFor(), {
      ...request,
      ...{ after: page.next ?? undefined, presences },
    });
    await expect(again).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS', retryAfterMs: 7_000 });
  });

  it('asks for eight at a time', async () => {
    const { ledger } = await signedLedger(20);
    const { presences } = registryWith([]);
    let underWay = 0;
    let most = 0;
    const counted: Presences = {
      ...presences,
      async ask(...question) {
        underWay += 1;
        most = Math.max(most, underWay);
        await new Promise((pass) => setImmediate(pass));
        underWay -= 1;
        return presences.ask(...question);
      },
    };
    const page = await findOrphans(partsOf(ledger), readingFor(), { ...request, presences: counted });
    expect([page.rows.length, most]).toEqual([20, 8]);
  });

  it('ends after five seconds with what it has', async () => {
    const { ledger, tags } = await signedLedger(20);
    const { presences } = registryWith([]);
    const slow: Presences = {
      ...presences,
      ask: (...question) => {
        ledger.clock.advance(askingMs / 8);
        return presences.ask(...question);
      },
    };
    const page = await findOrphans(partsOf(ledger), readingFor(), { ...request, presences: slow });
    expect(page).toMatchObject({ next: tags[7], rows: { length: 8 } });
  });
});

describe('one request', () => {
  it('stays within the rows that it may read, and says where to go on', async () => {
    const ledger = await openAskedLedger();
    const many = Array.from({ length: 1_500 }, (_, i) => `w${i}`);
    await ledger.record(many.map((word) => tagSeen(signature(word), 'signature', 0)));
    const found: string[] = [];
    let pages = 0;
    for (let after: string | undefined | null; after !== null; pages += 1) {
      const reading = readingFor(5_000);
      const parts = { ledger, monotonic: () => 0 };
      const page = await findOrphans(parts, reading, { repository: where, after, n: 1_000, presences: null });
      expect(reading.looked).toBeLessThanOrEqual(5_000);
      found.push(...page.rows.map(({ row }) => row.tag));
      after = page.next;
    }
    expect(found).toEqual(many.map((word) => signature(word)).sort());
    expect(pages).toBeGreaterThan(1);
  });
});
