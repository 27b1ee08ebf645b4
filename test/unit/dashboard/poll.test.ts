/** A question that is asked again and again. */
import { describe, expect, it } from 'vitest';
import { FeedError } from '../../../client/src/index.ts';
import { Poll, type Visibility } from '../../../dashboard/src/gateway/poll.ts';
import { fakeClock } from '../../support/fake-clock.ts';

/** Rejects with what is an Error, answers with anything else. */
function play(answers: unknown[], everyMs: number | null = 5_000) {
  const clock = fakeClock();
  const listeners = new Set<() => void>();
  const page = { isVisible: true };
  const visibility: Visibility = {
    get isVisible() {
      return page.isVisible;
    },
    on(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  let asked = 0;
  const ask = async () => {
    const answer = answers[asked++];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const poll = new Poll({ ask, everyMs, clock, visibility });
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  const pass = async (ms: number) => {
    clock.advance(ms);
    await settle();
  };
  const show = async (isVisible: boolean) => {
    page.isVisible = isVisible;
    for (const listener of listeners) listener();
    await settle();
  };
  return { poll, clock, settle, pass, show, asked: () => asked, listeners };
}

describe('a poll', () => {
  it('asks at once, then regularly', async () => {
    const { poll, clock, settle, pass } = play([1, 2]);
    await settle();
    expect(poll.answer.value).toEqual({ value: 1, at: clock.now(), error: null, retryAt: null });
    await pass(4_999);
    expect(poll.answer.value.value).toBe(1);
    await pass(1);
    expect(poll.answer.value.value).toBe(2);
  });

  it('keeps the value over a failure, and says when it tries again', async () => {
    const { poll, clock, settle, pass } = play([1, new FeedError('NETWORK', 'gone'), 3]);
    await settle();
    const at = clock.now();
    await pass(5_000);
    expect(poll.answer.value).toMatchObject({ value: 1, at, retryAt: clock.now() + 3_000 });
    expect(poll.answer.value.error?.message).toBe('gone');
    await pass(3_000);
    expect(poll.answer.value).toMatchObject({ value: 3, error: null, retryAt: null });
  });

  it('waits longer after each failure, at most half a minute', async () => {
    const failures = Array.from({ length: 6 }, () => new FeedError('NETWORK', 'gone'));
    const { poll, clock, settle, pass } = play(failures);
    await settle();
    const waits: number[] = [];
    for (const _ of failures.slice(1)) {
      const wait = (poll.answer.value.retryAt ?? 0) - clock.now();
      waits.push(wait);
      await pass(wait);
    }
    expect(waits).toEqual([3_000, 6_000, 12_000, 24_000, 30_000]);
  });

  it('waits as long as the gateway asks for', async () => {
    const { poll, clock, settle } = play([new FeedError('TOO_MANY_REQUESTS', 'slow', { retryMs: 9_000 })]);
    await settle();
    expect(poll.answer.value.retryAt).toBe(clock.now() + 9_000);
  });

  it('does not repeat what is refused for good, unless it is asked to', async () => {
    const { poll, settle, pass, asked } = play([new FeedError('DENIED', 'no'), 2]);
    await settle();
    await pass(60_000);
    expect([asked(), poll.answer.value.retryAt]).toEqual([1, null]);
    poll.reload();
    await settle();
    expect(poll.answer.value.value).toBe(2);
  });

  it('asks nothing while nobody looks, and catches up at once', async () => {
    const { settle, pass, show, asked } = play([1, 2, 3]);
    await settle();
    await show(false);
    await pass(60_000);
    expect(asked()).toBe(1);
    await show(true);
    expect(asked()).toBe(2);
  });

  it('without an interval asks once', async () => {
    const { settle, pass, asked } = play([1, 2], null);
    await settle();
    await pass(60_000);
    expect(asked()).toBe(1);
  });

  it('that is closed shows nothing more, and leaves nothing behind', async () => {
    const { poll, clock, settle, listeners } = play([1]);
    poll.close();
    await settle();
    expect([poll.answer.value.value, clock.waiting, listeners.size]).toEqual([null, 0, 0]);
  });
});
