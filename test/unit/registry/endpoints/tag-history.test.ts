/** The history of one tag, as distribution-spec#606 and as Chainguard have it. */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Observation, TagObserved } from '../../../../src/event/observation.ts';
import { digestOf, lookedAt, manifestType, tagGone } from '../../../support/ledger-samples.ts';
import { type ListAnswer, ListWorld, nginx } from '../../../support/list-world.ts';

const history = '/v2/library/nginx/_oci/tag-history/latest';
const chainguard = '/v2/library/nginx/_chainguard/history/latest';
const indexType = 'application/vnd.oci.image.index.v1+json';
const second = '2026-01-01T00:00:0';

let world: ListWorld;
beforeEach(async () => {
  world = await ListWorld.open();
});

function latest(word: string, more: Partial<TagObserved> = {}): TagObserved {
  return lookedAt('latest', word, 0, { ...nginx, ...more });
}

function gone(tag = 'latest'): Observation {
  return { ...tagGone(tag, 0, nginx), looked: true };
}

/** Each a second after the one before. */
async function record(...observations: readonly Observation[]): Promise<void> {
  for (const observation of observations) {
    await world.record(observation);
    world.clock.advance(1_000);
  }
}

interface Event {
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  readonly annotations: Record<string, string>;
}

function eventsOf({ text }: ListAnswer): Event[] {
  return JSON.parse(text).manifests;
}

const prefix = 'org.opencontainers.distribution.tag.';

function timesOf(answer: ListAnswer): string[] {
  return eventsOf(answer).map(({ annotations }) => annotations[`${prefix}timestamp`] ?? '');
}

/** `created one`, by the word of the digest. */
function briefly(answer: ListAnswer): string[] {
  const words = ['one', 'two', 'three'];
  return eventsOf(answer).map(({ digest, annotations }) => {
    const word = words.find((each) => digestOf(each) === digest);
    return `${annotations[`${prefix}event`]} ${word}`;
  });
}

describe('the history of a tag', () => {
  it('is an image index, newest first; a move is one event, and a deletion names what was there before', async () => {
    await record(latest('one', { size: 1_234 }), latest('two'), gone());
    const answer = await world.ask(history);
    expect(answer.headers).toEqual({ 'content-type': indexType });
    const entry = (word: string, size: number, at: number, event: string) =>
      `{"mediaType":"${manifestType}","size":${size},"digest":"${digestOf(word)}","annotations":{` +
      `"${prefix}timestamp":"${second}${at}.000000000Z","${prefix}event":"${event}"}}`;
    expect(answer.text).toBe(
      `{"schemaVersion":2,"mediaType":"${indexType}","manifests":[${entry('two', 1_003, 2, 'deleted')},` +
        `${entry('two', 1_003, 1, 'created')},${entry('one', 1_234, 0, 'created')}],` +
        `"annotations":{"io.manifeed.history.since":"${second}0.000000000Z"}}`,
    );
  });

  it('counts the events within one millisecond, so that each has its own time', async () => {
    await world.record(latest('one'), lookedAt('other', 'x', 0, nginx), latest('two'), gone());
    expect(timesOf(await world.ask(history))).toEqual([
      `${second}0.000000002Z`,
      `${second}0.000000001Z`,
      `${second}0.000000000Z`,
    ]);
    expect(timesOf(await world.ask(`${history}?n=1`))).toEqual([`${second}0.000000002Z`]);
  });

  it('may be asked for strictly before and strictly since a time, to the nanosecond', async () => {
    await world.record(latest('one'), latest('two'), latest('three'));
    world.clock.advance(1_000);
    await world.record(latest('one'));
    const asked = async (query: string) => briefly(await world.ask(`${history}?${query}`));
    expect(await asked(`before=${second}1Z`)).toEqual(['created three', 'created two', 'created one']);
    expect(await asked(`before=${second}0.000000002Z`)).toEqual(['created two', 'created one']);
    expect(await asked(`before=${second}0Z`)).toEqual([]);
    expect(await asked(`before=0001-01-01T00:00:00Z`)).toEqual([]);
    expect(await asked(`before=9999-01-01T00:00:00Z`)).toHaveLength(4);
    expect(await asked(`since=${second}0.000000001Z`)).toEqual(['created one', 'created three']);
    expect(await asked(`since=${second}1Z`)).toEqual([]);
    expect(await asked(`since=${second}0Z&before=${second}0.000000002Z`)).toEqual(['created two']);
  });

  it('may be of one digest, as it came and went', async () => {
    await record(latest('one'), latest('two'), latest('one'), gone(), latest('two'));
    const asked = async (word: string) => briefly(await world.ask(`${history}?digest=${digestOf(word)}`));
    expect(await asked('one')).toEqual(['deleted one', 'created one', 'created one']);
    expect(await asked('three')).toEqual([]);
  });

  it('links to the next page by time and position, with the same parameters', async () => {
    await record(latest('one'), latest('two'), latest('one'), latest('two'));
    const { epoch } = await world.ledger.bounds();
    const first = await world.ask(`${history}?n=1&since=${second}0Z&digest=${digestOf('two')}`);
    const { searchParams } = new URL(first.next ?? '', 'http://a');
    // After the one event of another digest that was read on the way.
    expect(Object.fromEntries(searchParams)).toEqual({
      n: '1',
      before: `${second}2.000000000Z`,
      since: `${second}0.000000000Z`,
      digest: digestOf('two'),
      position: `${epoch}-3`,
    });
    const next = await world.ask(first.next ?? '');
    expect([briefly(next), next.next]).toEqual([['created two'], null]);
  });

  it('goes on by the time if the position is of another epoch', async () => {
    await record(latest('one'), latest('two'), latest('three'));
    const answer = await world.ask(`${history}?before=${second}2Z&position=other-1`);
    expect(briefly(answer)).toEqual(['created two', 'created one']);
  });

  it('is empty, and never 404, for what is not known, not granted or not served', async () => {
    await record(latest('one'));
    const annotations = { 'io.manifeed.history.since': `${second}0.000000000Z` };
    const empty = { schemaVersion: 2, mediaType: indexType, manifests: [], annotations };
    const grants = ['docker.io/library/other'];
    for (const answer of [
      await world.ask('/v2/library/nginx/_oci/tag-history/none'),
      await world.ask('/v2/no/such/_oci/tag-history/latest'),
      await world.ask('/v2/a/_oci/tag-history/latest?ns=not.served'),
      await world.ask(history, { grants }),
      await world.ask(`${history}?n=0`),
    ]) {
      expect(answer).toMatchObject({ status: 200, next: null });
      expect(JSON.parse(answer.text)).toEqual(empty);
    }
    const hidden = await world.ask(history, { grants });
    expect(hidden).toEqual(await world.ask('/v2/library/absent/_oci/tag-history/latest', { grants }));
  });

  it('leaves out what has no descriptor, and says how many', async () => {
    const bare = { mediaType: null, size: null };
    await record(latest('three'), latest('one', bare), latest('two', { digest: null, ...bare }));
    const answer = await world.ask(history);
    expect([briefly(answer), answer.headers.warning]).toEqual([
      ['created three'],
      '299 - "2 events left out"',
    ]);
    const one = { digest: digestOf('one'), mediaType: manifestType, size: 7 };
    await world.ledger.manifests.put({ ...one, bytes: null, children: [], platforms: null });
    expect((await world.ask(history)).headers.warning).toBe('299 - "1 event left out"');
  });

  it('ends where retention ends, and says since when it is kept', async () => {
    world = await ListWorld.open({}, 2);
    await record(latest('one'), latest('two'), latest('three'));
    await world.ledger.trim();
    const answer = await world.ask(history);
    expect([briefly(answer), answer.next]).toEqual([['created three', 'created two'], null]);
    expect(JSON.parse(answer.text).annotations).toEqual({
      'io.manifeed.history.since': `${second}1.000000000Z`,
    });
  });

  it('says no time if nothing was ever recorded', async () => {
    expect((await world.ask(history)).text).toBe(
      `{"schemaVersion":2,"mediaType":"${indexType}","manifests":[]}`,
    );
  });

  it.each([
    ['n', 'n=1001', 'UNSUPPORTED'],
    ['n', 'n=x', 'UNSUPPORTED'],
    ['before', 'before=yesterday', 'UNSUPPORTED'],
    ['before', 'before=2026-02-30T00:00:00Z', 'UNSUPPORTED'],
    ['since', 'since=', 'UNSUPPORTED'],
    ['digest', 'digest=sha256:aa', 'DIGEST_INVALID'],
    ['digest', 'digest=md5:d41d8cd98f00b204e9800998ecf8427e', 'DIGEST_INVALID'],
    ['position', 'position=x', 'UNSUPPORTED'],
  ])('refuses a bad %s: %s', async (_parameter, query, code) => {
    expect(await world.ask(`${history}?${query}`)).toMatchObject({ status: 400, code });
    // Whether there is such a repository makes no difference.
    expect(await world.ask(`/v2/no/such/_oci/tag-history/latest?${query}`)).toMatchObject({
      status: 400,
      code,
    });
  });

  it.each(['a%2Fb', '..', '%C3%A4', '-a', 'a'.repeat(129)])('refuses the tag %s', async (tag) => {
    expect(await world.ask(`/v2/library/nginx/_oci/tag-history/${tag}`)).toMatchObject({
      status: 400,
      code: 'UNSUPPORTED',
    });
  });

  it('gives in pages of any size what it gives at once, by Link and by before alone', async () => {
    const steps = fc.array(fc.record({ word: fc.constantFrom('one', 'two', 'three', null), ms: fc.nat(2) }), {
      maxLength: 25,
    });
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 27 }), async (acts, n) => {
        const some = await ListWorld.open({ maxRowsLookedAt: 3 });
        for (const { word, ms } of acts) {
          await some.record(word === null ? gone() : latest(word), lookedAt('other', `${ms}`, 0, nginx));
          some.clock.advance(ms);
        }
        const whole = await some.ask(`${history}?n=1000`);
        const pages = await some.follow(`${history}?n=${n}`);
        expect(pages.flatMap(eventsOf)).toEqual(eventsOf(whole));
        expect(pages.length).toBe(Math.max(1, Math.ceil(eventsOf(whole).length / n)));
        const times = timesOf(whole);
        expect([...new Set(times)].sort().reverse()).toEqual(times);
        const byTime = [];
        for (let before = ''; ; ) {
          const page = await some.ask(`${history}?n=${n}${before}`);
          byTime.push(...eventsOf(page));
          if (page.next === null) break;
          before = `&before=${timesOf(page).at(-1)}`;
        }
        expect(byTime).toEqual(eventsOf(whole));
      }),
      { numRuns: 40 },
    );
  });
});

describe("Chainguard's history", () => {
  const entriesOf = ({ text }: ListAnswer): { updateTimestamp: string; digest: string }[] =>
    JSON.parse(text).history;

  it('is oldest first, without deletions, and start and end are included', async () => {
    await record(latest('one'), latest('two'), gone(), latest('three'));
    const answer = await world.ask(chainguard);
    expect(answer.text).toBe(
      `{"history":[{"updateTimestamp":"${second}0.000Z","digest":"${digestOf('one')}"},` +
        `{"updateTimestamp":"${second}1.000Z","digest":"${digestOf('two')}"},` +
        `{"updateTimestamp":"${second}3.000Z","digest":"${digestOf('three')}"}]}`,
    );
    expect(answer.headers['content-type']).toBe('application/json');
    const asked = async (query: string) => entriesOf(await world.ask(`${chainguard}?${query}`)).length;
    expect(await asked(`start=${second}1Z`)).toBe(2);
    expect(await asked(`start=${second}1.000000001Z`)).toBe(1);
    expect(await asked(`end=${second}1Z`)).toBe(2);
    expect(await asked(`end=${second}0.999Z`)).toBe(1);
    expect(await asked(`start=${second}1Z&end=${second}1Z`)).toBe(1);
    expect(await asked(`start=${second}2Z&end=${second}1Z`)).toBe(0);
  });

  it('has the oldest 1,000 of the range, from which a client goes on', async () => {
    for (let at = 0; at < 1_100; at += 1) await world.record(latest(`${at}`));
    world.clock.advance(1_000);
    await world.record(latest('one'));
    const entries = entriesOf(await world.ask(chainguard));
    expect([entries.length, entries[0]?.digest]).toEqual([1_000, digestOf('0')]);
    expect(entriesOf(await world.ask(`${chainguard}?start=${second}1Z`))).toHaveLength(1);
  });

  it('is of an unknown repository where there is none or it is not granted, and empty for an unknown tag', async () => {
    await record(latest('one'));
    const absent = await world.ask('/v2/library/absent/_chainguard/history/latest');
    expect(absent).toMatchObject({ status: 404, code: 'NAME_UNKNOWN' });
    const hidden = await world.ask(chainguard, { grants: [] });
    expect(hidden.text.replace('nginx', 'absent')).toBe(absent.text);
    expect((await world.ask('/v2/library/nginx/_chainguard/history/none')).text).toBe('{"history":[]}');
    await record(gone());
    expect((await world.ask('/v2/library/nginx/_chainguard/history/none')).text).toBe('{"history":[]}');
  });

  it('leaves out events without a digest, and says how many', async () => {
    await record(latest('one'), latest('two', { digest: null }));
    const answer = await world.ask(chainguard);
    expect([entriesOf(answer).length, answer.headers.warning]).toEqual([1, '299 - "1 event left out"']);
  });

  it.each(['start=x', 'end=2026-01-01'])('refuses %s', async (query) => {
    expect(await world.ask(`${chainguard}?${query}`)).toMatchObject({ status: 400, code: 'UNSUPPORTED' });
  });
});
