/** Which position is saved, which command runs when, and how it all ends. */
import { describe, expect, it } from 'vitest';
import { StatusLine } from '../../../../src/cli/output/status-line.ts';
import type { Screen } from '../../../../src/cli/output/terminal.ts';
import type { ExecArguments } from '../../../../src/cli/watch/arguments.ts';
import { Ending } from '../../../../src/cli/watch/ending.ts';
import type { Item } from '../../../../src/cli/watch/item.ts';
import { Progress } from '../../../../src/cli/watch/progress.ts';
import type { Fault } from '../../../../src/cli/watch/run/child.ts';
import { Executor } from '../../../../src/cli/watch/run/executor.ts';
import { maxWaiting, Scheduler } from '../../../../src/cli/watch/run/scheduler.ts';
import { systemClock } from '../../../../src/lib/clock.ts';

/** All that is under way without a timer has happened. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

function item(tag: string, sequence = 1): Item {
  const change = {
    ...{
      position: `e-${sequence}`,
      type: 'tag.updated' as const,
      registry: 'r.test',
      repository: 'app',
      tag,
    },
    ...{ digest: 'sha256:00', previousDigest: null, mediaType: null, size: null, origin: 'poll' },
    ...{ occurredAt: '2026-11-30T12:00:00.000Z', recordedAt: '2026-11-30T12:00:00.000Z' },
  };
  return { kind: 'change', change, resume: change.position };
}

describe('Progress', () => {
  it('saves the position below which everything is done', () => {
    const saved: string[] = [];
    const progress = new Progress((position) => saved.push(position));
    const first = progress.begin();
    progress.reach('e-1');
    const second = progress.begin();
    progress.reach('e-2');
    progress.reach('e-3');
    second();
    expect(saved).toEqual([]);
    first();
    first();
    expect(saved).toEqual(['e-3']);
    progress.reach('e-4');
    expect(saved).toEqual(['e-3', 'e-4']);
  });

  it('remembers a bounded number of positions, and saves less rather than too much', () => {
    const saved: string[] = [];
    const progress = new Progress((position) => saved.push(position));
    const first = progress.begin();
    const others = Array.from({ length: 12_000 }, (_, at) => {
      const done = progress.begin();
      progress.reach(`e-${at}`);
      return done;
    });
    first();
    for (const done of others.slice(0, 11_000)) done();
    expect(saved.at(-1)).toBe('e-9998');
    for (const done of others.slice(11_000)) done();
    expect(saved.at(-1)).toBe('e-11999');
  });
});

describe('Scheduler', () => {
  function open(options: { parallel?: number; onBusy?: 'queue' | 'latest' }) {
    const began: string[] = [];
    const ends: (() => void)[] = [];
    const done: string[] = [];
    const scheduler = new Scheduler({
      ...{ parallel: 1, onBusy: 'queue', ...options },
      run: (each) => {
        began.push(each.kind === 'change' ? each.change.position : '');
        return new Promise((resolve) => ends.push(() => resolve(true)));
      },
    });
    const take = (tag: string, sequence: number) =>
      scheduler.take(item(tag, sequence), () => done.push(`e-${sequence}`));
    return { began, ends, done, scheduler, take };
  }

  it('runs one after the other, and takes one more than it runs', async () => {
    const { began, ends, done, scheduler, take } = open({});
    await take('a', 1);
    let hasRoom = false;
    const second = take('b', 2).then(() => {
      hasRoom = true;
    });
    await settled();
    expect([began, hasRoom]).toEqual([['e-1'], false]);
    ends[0]?.();
    await second;
    expect([began, done]).toEqual([['e-1', 'e-2'], ['e-1']]);
    ends[1]?.();
    await scheduler.idle();
    expect(done).toEqual(['e-1', 'e-2']);
  });

  it('runs different tags at once, and one tag in order', async () => {
    const { began, ends, take } = open({ parallel: 2 });
    await take('a', 1);
    await take('a', 2);
    await take('b', 3);
    await take('c', 4);
    expect(began).toEqual(['e-1', 'e-3']);
    ends[0]?.();
    await settled();
    expect(began).toEqual(['e-1', 'e-3', 'e-2']);
  });

  it('with latest runs only the newest of a tag that waits, and the older ones count as done', async () => {
    const { began, ends, done, take } = open({ onBusy: 'latest' });
    for (const sequence of [1, 2, 3, 4]) await take('a', sequence);
    expect([began, done]).toEqual([['e-1'], ['e-2', 'e-3']]);
    ends[0]?.();
    await settled();
    expect(began).toEqual(['e-1', 'e-4']);
  });

  it('lets a bounded number wait, until it is stopped', async () => {
    const { done, scheduler, take } = open({ onBusy: 'latest' });
    await take('running', 0);
    for (let at = 1; at < maxWaiting; at++) await take(`tag-${at}`, at);
    let hasRoom = false;
    const last = take('one-more', maxWaiting).then(() => {
      hasRoom = true;
    });
    await settled();
    expect(hasRoom).toBe(false);
    scheduler.stop();
    await last;
    expect(done).toEqual([]);
  });
});

describe('Executor', () => {
  function open(exec: Partial<ExecArguments>, faults: readonly Fault[], isQuiet = true) {
    const noted: string[] = [];
    const screen: Screen = {
      isTty: false,
      write: async (text) => noted.push(text) > 0,
      paint: (_, text) => text,
    };
    const left = [...faults];
    let runs = 0;
    let failures = 0;
    const waits: number[] = [];
    const executor = new Executor({
      exec: {
        ...{ command: ['tool', 'a\u001b'], parallel: 1, onBusy: 'queue', retries: 0 },
        ...{ onError: 'exit', timeoutMs: null, ...exec },
      },
      env: { HOME: '/home' },
      runner: async () => {
        runs++;
        return left.shift() ?? null;
      },
      clock: {
        ...systemClock,
        now: () => Date.parse('2026-11-30T12:00:00Z'),
        sleep: async (delayMs) => void waits.push(delayMs),
      },
      status: new StatusLine({ out: screen, err: screen }, isQuiet),
      onFailure: () => {
        failures++;
      },
    });
    return { executor, noted, waits, counts: () => ({ runs, failures }) };
  }

  it('says of each run when it ended, what it was about and how it ended, unless it is quiet', async () => {
    const { executor, noted } = open({ onError: 'continue' }, ['exit code 7'], false);
    await executor.take(item('a'), () => {});
    await executor.take(item('b'), () => {});
    await executor.idle();
    const at = '2026-11-30T12:00:00.000Z';
    expect(noted).toEqual([
      `${at} tag.updated r.test/app:a: exit code 7\n`,
      expect.stringContaining('must end with exit code 0'),
      `${at} tag.updated r.test/app:b: exit code 0\n`,
    ]);
  });

  it('runs again, later each time, and counts only the last failure', async () => {
    const { executor, waits, counts, noted } = open({ retries: 7 }, Array(7).fill('exit code 1'));
    let isDone = false;
    await executor.take(item('a'), () => {
      isDone = true;
    });
    await executor.idle();
    expect([isDone, counts(), noted]).toEqual([true, { runs: 8, failures: 0 }, []]);
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000]);
  });

  it('with exit begins nothing more after a failure, which is not done', async () => {
    const { executor, counts, noted } = open({}, ['exit code 7']);
    const done: number[] = [];
    await executor.take(item('a'), () => done.push(1));
    await executor.take(item('b'), () => done.push(2));
    await executor.idle();
    await executor.take(item('c'), () => done.push(3));
    expect([done, counts()]).toEqual([[], { runs: 1, failures: 1 }]);
    const what = 'manifeed watch: run tool a\\u001b: r.test/app:a: exit code 7';
    expect(noted).toEqual([`${what}: must end with exit code 0\n`]);
  });

  it('with continue counts a failure as done', async () => {
    const { executor, counts } = open({ onError: 'continue' }, ['exit code 7']);
    const done: number[] = [];
    await executor.take(item('a'), () => done.push(1));
    await executor.take(item('b'), () => done.push(2));
    await executor.idle();
    expect([done, counts()]).toEqual([[1, 2], { runs: 2, failures: 1 }]);
  });

  it('that is stopped while it waits to run again has neither failed nor succeeded', async () => {
    const { executor, counts } = open({ retries: 1 }, ['exit code 7']);
    let isDone = false;
    const taken = executor.take(item('a'), () => {
      isDone = true;
    });
    executor.stop();
    await taken;
    await executor.idle();
    expect([isDone, counts()]).toEqual([false, { runs: 1, failures: 0 }]);
  });
});

describe('Ending', () => {
  it.each([
    [['count'], 0],
    [['reader'], 0],
    [['SIGTERM'], 0],
    [['SIGINT'], 130],
    [['timeout'], 124],
    [['command'], 3],
    [['error'], 1],
    [['SIGTERM', 'command'], 3],
    [['timeout', 'error'], 124],
  ] as const)('%j has exit code %i', (reasons, code) => {
    const ending = new Ending();
    expect(ending.isAsked).toBe(false);
    for (const reason of reasons) ending.ask(reason);
    expect([ending.code, ending.signal.aborted]).toEqual([code, true]);
  });

  it('is 1 after a fault, unless there is a code that says more', () => {
    const calm = new Ending();
    calm.fault();
    calm.ask('SIGTERM');
    expect(calm.code).toBe(1);
    const late = new Ending();
    late.fault();
    late.ask('timeout');
    expect(late.code).toBe(124);
  });
});
