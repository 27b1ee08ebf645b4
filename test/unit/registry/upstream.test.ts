import { describe, expect, it } from 'vitest';
import { unavailable } from '../../../src/errors.ts';
import type { Tally } from '../../../src/registry/tally.ts';
import { answerTimeoutMs, type UpstreamRegistry, Upstreams } from '../../../src/registry/upstream.ts';
import type { BreakerMode } from '../../../src/upstream/breaker.ts';
import { UpstreamError } from '../../../src/upstream/upstream-error.ts';
import { fakeClock } from '../../support/fake-clock.ts';

/** A registry of which only its state matters here. */
interface FakeState {
  breakerMode: BreakerMode;
  backoffMs: number;
  readonly heard: (string | null)[];
}

function world(limits: { maxUnderWay?: number; maxRefusals?: number } = {}) {
  const clock = fakeClock();
  const state: FakeState = { breakerMode: 'closed', backoffMs: 0, heard: [] };
  const upstream = {
    get breakerMode() {
      return state.breakerMode;
    },
    get backoffMs() {
      return state.backoffMs;
    },
    pollIntervalMs: () => null,
    polls: () => false,
    confirm: async () => {},
    heard: (error: Error | null) => void state.heard.push(error?.message ?? null),
  } as Partial<UpstreamRegistry> as UpstreamRegistry;
  const upstreams = new Upstreams({
    ...{ clock, limits },
    upstreamOf: (host) => (host === 'known.example' ? upstream : null),
  });
  const kind = upstreams.questions<unknown>();
  let questions = 0;
  const ask = (subject: string, answer: () => Promise<unknown>, tally: Tally = newTally()) =>
    kind.ask('known.example', subject, tally, () => {
      questions += 1;
      return answer();
    });
  return { clock, state, upstreams, ask, questions: () => questions };
}

function newTally(): Tally {
  return { hasAsked: false, isShared: false };
}

const never = () => new Promise<never>(() => {});
const fails = (reason: 'network' | 'refused' | 'denied') => async () => {
  throw new UpstreamError(reason, reason);
};

describe('a question to a registry', () => {
  it('is one for all who ask the same, and their tallies say who asked', async () => {
    const { ask, questions } = world();
    const tallies = [newTally(), newTally(), newTally()];
    const answers = await Promise.all(tallies.map((tally) => ask('a', async () => 1, tally)));
    expect(answers).toEqual(tallies.map(() => ({ isAnswered: true, value: 1 })));
    expect(questions()).toBe(1);
    expect(tallies.map(({ hasAsked, isShared }) => [hasAsked, isShared])).toEqual([
      [true, false],
      [false, true],
      [false, true],
    ]);
    await ask('a', async () => 2);
    expect(questions()).toBe(2);
  });

  it('is never asked of a registry that is not configured', async () => {
    const { upstreams } = world();
    expect(upstreams.knows('other.example')).toBe(false);
    const answer = await upstreams.questions().ask('other.example', 'a', newTally(), async () => 1);
    expect(answer).toMatchObject({ isAnswered: false, why: 'unconfigured' });
  });

  it('is refused while too many others are under way', async () => {
    const { ask, questions } = world({ maxUnderWay: 2 });
    void ask('a', never);
    void ask('b', never);
    expect(await ask('c', never)).toEqual({ isAnswered: false, why: 'busy', retryAfterMs: 1_000 });
    expect(questions()).toBe(2);
  });

  it('is refused while too many of its kind are, which others do not feel', async () => {
    const { upstreams, questions, ask } = world();
    const large = upstreams.questions<unknown>(2);
    const askLarge = (subject: string) => large.ask('known.example', subject, newTally(), never);
    void askLarge('a');
    void askLarge('b');
    expect(await askLarge('c')).toEqual({ isAnswered: false, why: 'busy', retryAfterMs: 1_000 });
    expect(await ask('c', async () => 1)).toMatchObject({ isAnswered: true });
    expect(questions()).toBe(1);
  });

  it('is refused while the breaker is open, and one at a time probes after it', async () => {
    const { ask, state, questions } = world();
    state.breakerMode = 'open';
    state.backoffMs = 30_000;
    expect(await ask('a', never)).toEqual({ isAnswered: false, why: 'server', retryAfterMs: 30_000 });
    state.breakerMode = 'probing';
    state.backoffMs = 0;
    void ask('a', never);
    expect(await ask('b', never)).toMatchObject({ why: 'busy' });
    expect(questions()).toBe(1);
  });

  it('waits for a short pause of the registry, and is refused in a long one', async () => {
    const { ask, state } = world();
    state.backoffMs = answerTimeoutMs - 1;
    expect(await ask('a', async () => 1)).toMatchObject({ isAnswered: true });
    state.backoffMs = answerTimeoutMs;
    expect(await ask('a', async () => 1)).toEqual({
      isAnswered: false,
      why: 'refused',
      retryAfterMs: answerTimeoutMs,
    });
  });

  it('that is not answered in time goes on, and the next client waits for the same answer', async () => {
    const { ask, clock, questions } = world();
    const { promise, resolve } = Promise.withResolvers<number>();
    const first = ask('a', () => promise);
    await clock.untilWaiting(1);
    clock.advance(answerTimeoutMs);
    expect(await first).toEqual({ isAnswered: false, why: 'late', retryAfterMs: 1_000 });
    const second = ask('a', () => promise);
    resolve(7);
    expect(await second).toEqual({ isAnswered: true, value: 7 });
    expect(questions()).toBe(1);
  });

  it('that fails is not repeated before its time, and the breaker hears of it', async () => {
    const { ask, clock, state, questions } = world();
    expect(await ask('a', fails('network'))).toMatchObject({ why: 'network', retryAfterMs: 5_000 });
    clock.advance(2_000);
    expect(await ask('a', fails('network'))).toMatchObject({ why: 'network', retryAfterMs: 3_000 });
    expect(questions()).toBe(1);
    clock.advance(3_000);
    expect(await ask('a', async () => 1)).toMatchObject({ isAnswered: true });
    expect(state.heard).toEqual(['network', null]);
  });

  it.each([
    ['refused', 1_000],
    ['network', 5_000],
    ['denied', 60_000],
  ] as const)('that is %s may be repeated after %i ms', async (reason, retryAfterMs) => {
    const { ask } = world();
    expect(await ask('a', fails(reason))).toEqual({ isAnswered: false, why: reason, retryAfterMs });
  });

  it('G22: whose answer the ledger cannot store is not repeated at once, and does not open the breaker', async () => {
    const { ask, clock, state, questions } = world();
    const full = async () => {
      throw unavailable('record observations: the disk is full');
    };
    const refusal = { isAnswered: false, why: 'unrecorded', retryAfterMs: 5_000 };
    expect(await ask('a', full)).toEqual(refusal);
    expect(await ask('a', full)).toEqual(refusal);
    expect(questions()).toBe(1);
    clock.advance(5_000);
    expect(await ask('a', async () => 1)).toMatchObject({ isAnswered: true });
    expect(state.heard).toEqual([null, null]);
  });

  it('that fails for another reason fails for all who wait, and is asked again', async () => {
    const { ask, questions } = world();
    const broken = async () => {
      throw new TypeError('broken');
    };
    const both = await Promise.allSettled([ask('a', broken), ask('a', broken)]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await ask('a', async () => 1)).toMatchObject({ isAnswered: true });
    expect(questions()).toBe(2);
  });

  it('is remembered as refused for a bounded number of subjects, the newest', async () => {
    const { ask, questions } = world({ maxRefusals: 2 });
    for (const subject of ['a', 'b', 'c']) await ask(subject, fails('denied'));
    await ask('b', fails('denied'));
    await ask('c', fails('denied'));
    expect(questions()).toBe(3);
    await ask('a', fails('denied'));
    expect(questions()).toBe(4);
  });
});
