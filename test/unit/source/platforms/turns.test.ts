/** Turns over a memory ledger, with a registry that the test answers, and a clock that only the test moves. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Digest } from '../../../../src/event/digest.ts';
import type { Observation, TagObserved } from '../../../../src/event/observation.ts';
import { openMemoryLedger } from '../../../../src/ledger/memory/memory.ts';
import { noLog } from '../../../../src/lib/log.ts';
import { noMetrics } from '../../../../src/lib/metrics.ts';
import { FetchOnce } from '../../../../src/source/platforms/fetch-once.ts';
import { KnownManifests } from '../../../../src/source/platforms/manifests.ts';
import { recordingWith } from '../../../../src/source/platforms/recording.ts';
import { leaseGraceMs, Turns } from '../../../../src/source/platforms/turns.ts';
import type { FetchedManifest } from '../../../../src/upstream/manifest.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { indexOf } from '../../../support/index-of.ts';
import { manifestType } from '../../../support/ledger-samples.ts';

const timeoutMs = 5_000;
const about = { registry: 'r.test', repository: 'team/app', origin: 'webhook:h' };
const first = indexOf({ 'linux/amd64': 'a1', 'linux/arm64': 'b1' });
const second = indexOf({ 'linux/amd64': 'a2', 'linux/arm64': 'b1' });
const third = indexOf({ 'linux/amd64': 'a2', 'linux/arm64': 'b2' });
const indexes = new Map([first, second, third].map((each) => [each.digest, each]));

const push = (tag: string, { digest }: { digest: Digest }, more: Partial<TagObserved> = {}): TagObserved => ({
  ...{ kind: 'tag', ...about, tag, digest, mediaType: null, size: null, ...more },
});

type Answer = (digest: Digest) => Promise<FetchedManifest | null> | FetchedManifest | null;

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function openRig(answer: Answer = (digest) => indexes.get(digest) ?? null) {
  const clock = fakeClock();
  const retention = { maxChanges: 1_000, maxAgeMs: 86_400_000 };
  const ledger = await openMemoryLedger({ clock, random: Math.random, retention });
  const asked: Digest[] = [];
  const rig = { answer };
  const make = () => {
    const source = {
      manifest: async (_: unknown, digest: Digest) => {
        asked.push(digest);
        return rig.answer(digest);
      },
    };
    const manifests = new KnownManifests(
      ledger.manifests,
      source,
      new FetchOnce({ store: ledger.manifests, clock }),
    );
    const platforms = { isAny: true, of: (_: string, repository: string) => repository === about.repository };
    const record = recordingWith({ ledger, platforms, onWaiting: () => turns.wake(), onChanges: () => {} });
    const turns = new Turns({
      ...{ ledger, record, manifests, timeoutMs, countOutcomes: () => {} },
      ...{ clock, metrics: noMetrics, log: noLog },
    });
    stops.push(() => turns.close());
    return { turns, record };
  };
  const settle = async () => {
    for (let turn = 0; turn < 30; turn += 1) await new Promise(setImmediate);
  };
  const told = async () => {
    const { changes } = await ledger.read(0, 1_000);
    return changes.map(({ type, tag, platforms, movedPlatforms }) =>
      [
        type,
        tag,
        platforms === undefined ? 'unasked' : platforms === null ? 'unknown' : 'known',
        movedPlatforms,
      ]
        .flat()
        .filter((part) => part !== undefined)
        .join(' '),
    );
  };
  const { turns, record } = make();
  const say = async (...observations: Observation[]) => {
    const { outcomes } = await record(observations);
    await settle();
    return outcomes;
  };
  return Object.assign(rig, { clock, ledger, asked, turns, make, settle, told, say });
}

describe('turns', () => {
  it('learn the platforms of a digest once, and say which moved', async () => {
    const { turns, say, told, asked } = await openRig();
    turns.start();
    expect(await say(push('a', first))).toEqual(['waiting']);
    await say(push('a', second));
    await say(push('b', second));
    await say(push('b', third));
    expect(await told()).toEqual([
      'tag.created a known',
      'tag.updated a known linux/amd64',
      'tag.created b known',
      'tag.updated b known linux/arm64',
    ]);
    expect(asked).toEqual([first.digest, second.digest, third.digest]);
  });

  it('look up what a tag had before, if nobody has yet', async () => {
    const { turns, say, told, asked } = await openRig();
    turns.start();
    await say(push('a', first, { silent: true }));
    await say(push('a', second));
    expect(await told()).toEqual(['tag.updated a known linux/amd64']);
    expect(asked).toEqual([second.digest, first.digest]);
  });

  it('keep the order of a tag, whichever answer comes first', async () => {
    const answers = new Map<Digest, PromiseWithResolvers<void>>();
    const { turns, say, told, settle } = await openRig(async (digest) => {
      const answer = Promise.withResolvers<void>();
      answers.set(digest, answer);
      await answer.promise;
      return indexes.get(digest) ?? null;
    });
    turns.start();
    await say(push('a', first));
    await say(push('a', second));
    await say({ kind: 'tag-gone', ...about, tag: 'a' });
    await say(push('b', second));
    answers.get(second.digest)?.resolve();
    await settle();
    expect(await told()).toEqual(['tag.created b known']);
    answers.get(first.digest)?.resolve();
    await settle();
    expect(await told()).toEqual([
      'tag.created b known',
      'tag.created a known',
      'tag.updated a known linux/amd64',
      'tag.deleted a unasked',
    ]);
  });

  it('do not ask for a manifest of one platform: it is marked as not known, at once', async () => {
    const { turns, say, told, asked } = await openRig();
    turns.start();
    await say(push('a', first, { mediaType: manifestType }));
    await say(push('other', first));
    expect(asked).toHaveLength(1);
    expect(await told()).toEqual(['tag.created a unknown', 'tag.created other known']);
  });

  it('do not hold back what nobody asks for', async () => {
    const { say, told } = await openRig();
    expect(await say({ ...push('a', first), repository: 'team/other' })).toEqual(['changed']);
    expect(await told()).toEqual(['tag.created a unasked']);
  });

  it('wait at most the timeout from the arrival, then record without', async () => {
    const { turns, clock, say, told, settle } = await openRig(() => new Promise(() => {}));
    turns.start();
    await say(push('a', first));
    clock.advance(timeoutMs - 1);
    await say(push('a', second));
    expect(await told()).toEqual([]);
    clock.advance(1);
    await settle();
    expect(await told()).toEqual(['tag.created a unknown']);
    clock.advance(timeoutMs - 1);
    await settle();
    expect(await told()).toEqual(['tag.created a unknown', 'tag.updated a unknown']);
  });

  it('a registry that is away, or refuses for longer, delays nothing', async () => {
    const { turns, say, told } = await openRig(() => null);
    turns.start();
    await say(push('a', first), push('b', second));
    await say(push('a', third));
    expect(await told()).toEqual(['tag.created a unknown', 'tag.created b unknown', 'tag.updated a unknown']);
  });

  it('an answer that is no manifest, or a look-up that fails, is not known', async () => {
    const rig = await openRig(() => ({ ...first, bytes: Buffer.from('no') }));
    rig.turns.start();
    await rig.say(push('a', first));
    rig.answer = () => Promise.reject(new Error('broken'));
    await rig.say(push('a', second));
    expect(await rig.told()).toEqual(['tag.created a unknown', 'tag.updated a unknown']);
  });

  it('what waits when a gateway ends is completed by the next, with the stamp of its arrival', async () => {
    const rig = await openRig(() => new Promise(() => {}));
    rig.turns.start();
    await rig.say(push('a', first));
    await rig.turns.close();
    expect(await rig.told()).toEqual([]);
    rig.answer = (digest) => indexes.get(digest) ?? null;
    const { turns } = rig.make();
    turns.start();
    await rig.settle();
    // The first one's lease holds: it may have been killed, or only be slow.
    expect(await rig.told()).toEqual([]);
    rig.clock.advance(timeoutMs + leaseGraceMs);
    await rig.settle();
    expect(await rig.told()).toEqual(['tag.created a unknown']);
    const { changes } = await rig.ledger.read(0, 10);
    expect(changes[0]?.occurredAt).toBe(Date.UTC(2026, 0, 1));
  });

  it('of two gateways one completes each turn', async () => {
    const rig = await openRig();
    const other = rig.make();
    rig.turns.start();
    other.turns.start();
    for (let n = 0; n < 20; n += 1) {
      await rig.say(push(`t${n % 3}`, n % 2 === 0 ? first : second));
      other.turns.wake();
    }
    await rig.settle();
    const { changes } = await rig.ledger.read(0, 100);
    expect(changes).toHaveLength(20);
    expect(rig.asked).toHaveLength(2);
  });
});
