import { describe, expect, it } from 'vitest';
import { createMemoryBudget } from '../../../../src/cluster/memory/cluster.ts';
import { createMemorySchedule } from '../../../../src/cluster/memory/schedule.ts';
import { RareLog } from '../../../../src/lib/rare-log.ts';
import { Gate } from '../../../../src/upstream/gate.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { seeded } from '../../../support/virtual-clock.ts';

describe('the schedule', () => {
  const names = (claims: readonly { repository: string }[]) => claims.map(({ repository }) => repository);

  it('hands out what is due, longest due first, each once, and tells when the next one is', async () => {
    const clock = fakeClock();
    const schedule = createMemorySchedule(clock);
    await schedule.want([
      { repository: 'b', scopes: [], inMs: 200 },
      { repository: 'a', scopes: ['1.*'], inMs: 100 },
      { repository: 'c', scopes: [], inMs: 5_000 },
    ]);
    expect(await schedule.claim(10, 60_000)).toEqual([]);
    expect(await schedule.nextInMs()).toBe(100);
    clock.advance(300);
    const claims = await schedule.claim(10, 60_000);
    expect(names(claims)).toEqual(['a', 'b']);
    expect(claims[0]).toMatchObject({ scopes: ['1.*'], memo: null });
    expect(await schedule.claim(10, 60_000)).toEqual([]);
    expect(await schedule.nextInMs()).toBe(4_700);
  });

  it('gives a memo back to the next look', async () => {
    const clock = fakeClock();
    const schedule = createMemorySchedule(clock);
    await schedule.want([{ repository: 'a', scopes: [], inMs: 0 }]);
    const [claim] = await schedule.claim(1, 1_000);
    if (claim === undefined) throw new Error('nothing was due');
    await schedule.done(claim, 500, 'remember');
    clock.advance(500);
    expect((await schedule.claim(1, 1_000))[0]?.memo).toBe('remember');
  });

  it('hands a repository out again when its lease lapsed, and ignores the late one', async () => {
    const clock = fakeClock();
    const schedule = createMemorySchedule(clock);
    await schedule.want([{ repository: 'a', scopes: [], inMs: 0 }]);
    const [first] = await schedule.claim(1, 1_000);
    if (first === undefined) throw new Error('nothing was due');
    clock.advance(900);
    expect(await schedule.extend(first, 1_000)).toBe(true);
    clock.advance(999);
    expect(await schedule.claim(1, 1_000)).toEqual([]);
    clock.advance(1);
    expect(names(await schedule.claim(1, 1_000))).toEqual(['a']);
    expect(await schedule.extend(first, 1_000)).toBe(false);
    await schedule.done(first, 0, 'late');
    expect(await schedule.claim(1, 1_000)).toEqual([]);
  });

  it('hastens a look, also one asked for while another is under way, and never puts one off', async () => {
    const clock = fakeClock();
    const schedule = createMemorySchedule(clock);
    await schedule.want([{ repository: 'a', scopes: [], inMs: 1_000 }]);
    expect(await schedule.hasten('a', 5_000)).toBe(true);
    expect(await schedule.hasten('a', 10)).toBe(true);
    expect(await schedule.hasten('nobody', 10)).toBe(false);
    clock.advance(10);
    const [claim] = await schedule.claim(1, 60_000);
    if (claim === undefined) throw new Error('nothing was due');
    await schedule.hasten('a', 300);
    await schedule.done(claim, 60_000, '');
    expect(await schedule.nextInMs()).toBe(300);
  });

  it('forgets what nobody wants, at once or after the look under way', async () => {
    const clock = fakeClock();
    const schedule = createMemorySchedule(clock);
    await schedule.want(['a', 'b'].map((repository) => ({ repository, scopes: [], inMs: 0 })));
    await schedule.unwant('a');
    const [claim] = await schedule.claim(9, 1_000);
    expect(claim?.repository).toBe('b');
    await schedule.unwant('b');
    if (claim !== undefined) await schedule.done(claim, 0, '');
    expect(await schedule.nextInMs()).toBe(Infinity);
  });

  it('keeps thousands in order', async () => {
    const clock = fakeClock();
    const schedule = createMemorySchedule(clock);
    const random = seeded(5);
    const due = new Map<string, number>();
    for (let n = 0; n < 5_000; n += 1) {
      const inMs = random() * 10_000;
      due.set(`r${n}`, inMs);
      await schedule.want([{ repository: `r${n}`, scopes: [], inMs }]);
    }
    for (let n = 0; n < 5_000; n += 7) {
      await schedule.unwant(`r${n}`);
      due.delete(`r${n}`);
    }
    clock.advance(10_000);
    const claimed = names(await schedule.claim(10_000, 60_000));
    expect(claimed).toEqual([...due.keys()].sort((a, b) => (due.get(a) ?? 0) - (due.get(b) ?? 0)));
  });
});

describe('the budget', () => {
  it('grants no more than the rate in any second and spends it evenly', async () => {
    const clock = fakeClock();
    const budget = createMemoryBudget(200, clock);
    const sent: number[] = [];
    while (clock.monotonic() < 5_000) {
      const { granted, retryInMs } = await budget.take(50);
      for (let n = 0; n < granted; n += 1) sent.push(clock.monotonic());
      clock.advance(retryInMs || 0.01);
    }
    for (const [index, at] of sent.entries()) {
      const within = (ms: number) => sent.slice(index).filter((other) => other - at < ms).length;
      expect(within(1_000)).toBeLessThanOrEqual(200);
      if (index < 300) expect(within(49)).toBeLessThanOrEqual(10);
    }
    expect(sent.length).toBeGreaterThan(990);
  });

  it('below one a second leaves the whole time in between', async () => {
    const clock = fakeClock();
    const budget = createMemoryBudget(0.1, clock);
    expect(await budget.take(2)).toEqual({ granted: 1, retryInMs: 10_000 });
    clock.advance(9_999);
    expect((await budget.take(1)).granted).toBe(0);
    clock.advance(1);
    expect((await budget.take(1)).granted).toBe(1);
  });

  it('pauses, slows down and comes back', async () => {
    const clock = fakeClock();
    const budget = createMemoryBudget(100, clock);
    await budget.pause(5_000);
    await budget.pause(1_000);
    expect(await budget.take(1)).toEqual({ granted: 0, retryInMs: 5_000 });
    clock.advance(5_000);
    await budget.slow(1, 3_000);
    expect((await budget.take(5)).granted).toBe(1);
    expect(await budget.take(5)).toEqual({ granted: 0, retryInMs: 1_000 });
    clock.advance(3_000);
    expect(await budget.take(100)).toEqual({ granted: 5, retryInMs: 50 });
  });
});

describe('the gate', () => {
  it('holds requests to the concurrency, serves urgent ones first, and refuses too many of those', async () => {
    const clock = fakeClock();
    const gate = new Gate(createMemoryBudget(100_000, clock), 1, clock);
    const order: string[] = [];
    await gate.enter(false);
    const plain = gate.enter(false).then(() => order.push('plain'));
    const urgent = gate.enter(true).then(() => order.push('urgent'));
    gate.leave();
    await urgent;
    expect(order).toEqual(['urgent']);
    gate.leave();
    await plain;
    const waiting = Array.from({ length: 1_000 }, () => gate.enter(true));
    await expect(gate.enter(true)).rejects.toMatchObject({ reason: 'refused' });
    gate.close();
    const results = await Promise.allSettled(waiting);
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    await expect(gate.enter(false)).rejects.toMatchObject({ reason: 'closed' });
  });

  it('passes over a request whose sender gave up', async () => {
    const clock = fakeClock();
    const gate = new Gate(createMemoryBudget(100_000, clock), 1, clock);
    await gate.enter(false);
    const abort = new AbortController();
    const given = gate.enter(true, abort.signal);
    const next = gate.enter(false);
    abort.abort();
    gate.leave();
    await expect(given).rejects.toMatchObject({ reason: 'closed' });
    await next;
  });
});

it('logs the same trouble once a minute and says how often it was', () => {
  const clock = fakeClock();
  const lines: object[] = [];
  const push = (fields: object) => void lines.push(fields);
  const log = new RareLog({ debug: push, info: push, warn: push, error: push }, clock);
  for (let n = 0; n < 100; n += 1) log.warn('a', { n }, 'failed');
  log.warn('b', {}, 'failed');
  expect(lines).toEqual([{ n: 0, suppressed: 0 }, { suppressed: 0 }]);
  clock.advance(60_000);
  log.warn('a', { n: 100 }, 'failed');
  expect(lines[2]).toEqual({ n: 100, suppressed: 99 });
  for (let n = 0; n < 1_500; n += 1) log.warn(`key ${n}`, {}, 'failed');
  log.warn('key 1499', {}, 'failed');
  expect(lines.length).toBe(3 + 1_500);
});
