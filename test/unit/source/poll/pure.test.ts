import { describe, expect, it } from 'vitest';
import { type Habits, learn, noHours, waitMs } from '../../../../src/source/poll/interval.ts';
import type { Listing, TagRow } from '../../../../src/source/poll/listers/lister.ts';
import { LoadSlots } from '../../../../src/source/poll/load-slots.ts';
import { freshMemo } from '../../../../src/source/poll/memo.ts';
import { planHeads } from '../../../../src/source/poll/plan.ts';
import { compileScopes } from '../../../../src/source/poll/scopes.ts';
import { fairHeads, verdictOf, type Wait } from '../../../../src/source/poll/verdict.ts';
import {
  afterFailure,
  afterRefusal,
  afterSuccess,
  breakerMode,
  closedBreaker,
} from '../../../../src/upstream/breaker.ts';
import { seeded } from '../../../support/virtual-clock.ts';

const bounds = { intervalMs: 60_000, minIntervalMs: 15_000, maxIntervalMs: 900_000 };
const hourMs = 3_600_000;
const noon = Date.UTC(2026, 0, 1, 12);

describe('interval', () => {
  it('halves after a change, down to the minimum, and grows to the maximum while nothing happens', () => {
    let habits: Habits = { intervalMs: 0, hours: noHours };
    habits = learn(habits, 1, noon, bounds);
    expect(habits.intervalMs).toBe(30_000);
    for (let n = 0; n < 5; n += 1) habits = learn(habits, 1, noon, bounds);
    expect(habits.intervalMs).toBe(15_000);
    for (let n = 0; n < 30; n += 1) habits = learn(habits, 0, noon, bounds);
    expect(habits.intervalMs).toBe(900_000);
    expect(learn(habits, 3, noon, bounds).intervalMs).toBe(30_000);
  });
  it('is there when the hour begins in which the repository usually moves, and stays awake in it', () => {
    const hours = noHours.map((count, hour) => (hour === 13 ? 10 : count));
    const sleepy = { intervalMs: 900_000, hours };
    expect(waitMs(sleepy, noon, bounds)).toBe(900_000);
    expect(waitMs(sleepy, noon + hourMs - 300_000, bounds)).toBe(300_000);
    expect(waitMs(sleepy, noon + hourMs + 1, bounds)).toBe(60_000);
    expect(waitMs({ ...sleepy, hours: noHours }, noon + hourMs - 300_000, bounds)).toBe(900_000);
  });
  it('forgets old habits: an hour that overflows halves all of them', () => {
    let habits: Habits = { intervalMs: 60_000, hours: noHours.map((c, hour) => (hour === 3 ? 30 : c)) };
    for (let n = 0; n < 36; n += 1) habits = learn(habits, 1, noon, bounds);
    expect([habits.hours[3], habits.hours[12]]).toEqual([15, 18]);
  });
});

describe('breaker', () => {
  const half = () => 0.5;
  it('opens after five failures in a row, probes, and closes with the first success', () => {
    let state = closedBreaker;
    for (let n = 0; n < 4; n += 1) state = afterFailure(state, 0, half);
    expect(breakerMode(state, 0)).toBe('closed');
    state = afterFailure(state, 0, half);
    expect([breakerMode(state, 0), breakerMode(state, state.openUntil)]).toEqual(['open', 'probing']);
    const again = afterFailure(state, state.openUntil, half);
    expect(again.openUntil - state.openUntil).toBeGreaterThan(state.openUntil);
    expect(afterSuccess(again)).toEqual(closedBreaker);
  });
  it('backs off from bare 429s up to five minutes, and does what Retry-After says', () => {
    let state = closedBreaker;
    let pauseMs = 0;
    for (let n = 0; n < 30; n += 1) ({ state, pauseMs } = afterRefusal(state, null, () => 0.999));
    expect(pauseMs).toBeGreaterThan(290_000);
    expect(pauseMs).toBeLessThan(301_000);
    expect(afterRefusal(state, 7_000, half).pauseMs).toBe(7_000);
  });
});

describe('LoadSlots', () => {
  it('keeps the load even for as long as it lasts, and does not stretch the intervals', () => {
    const slots = new LoadSlots();
    const random = seeded(3);
    const due: number[][] = Array.from({ length: 1_400 }, () => []);
    for (let n = 0; n < 2_000; n += 1) {
      const at = slots.placeWithin(0, n * 30, 30, 1, random);
      due[Math.floor(at / 1000)]?.push(at);
    }
    const loads: number[] = [];
    let sum = 0;
    let count = 0;
    for (const second of due.slice(0, 1_200)) {
      loads.push(second.length);
      for (const at of second) {
        const inMs = slots.place(at, 60_000, 1, random);
        sum += inMs;
        count += 1;
        due[Math.floor((at + inMs) / 1000)]?.push(at + inMs);
      }
    }
    expect(sum / count / 60_000).toBeCloseTo(1, 1);
    const late = loads.slice(-120);
    for (let at = 0; at + 5 <= late.length; at += 5) {
      const load = late.slice(at, at + 5).reduce((a, b) => a + b, 0);
      expect(Math.abs(load - 166.7) / 166.7).toBeLessThan(0.1);
    }
  });
  it('places what lies beyond its horizon too', () => {
    const slots = new LoadSlots();
    const inMs = slots.place(0, 10 * 24 * hourMs, 1, () => 0.5);
    expect(inMs).toBe(10 * 24 * hourMs);
  });
});

describe('planHeads', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const other = `sha256:${'b'.repeat(64)}`;
  const listing = (
    rows: readonly (readonly [string, string | null])[],
    end: Listing['end'] = 'complete',
  ) => ({
    rows: new Map<string, TagRow>(rows.map(([tag, found]) => [tag, { tag, digest: found, movedAt: null }])),
    end,
    askedAt: 0,
    invalidTags: 0,
    unknownName: false,
  });
  const base = { known: new Map(), isNew: () => true, cursor: '', maxHeads: 100 };

  it('asks for exact tags whatever the list says, and only for what patterns match', () => {
    const plan = planHeads({
      ...base,
      scopes: compileScopes(['latest', '1.*']),
      listing: listing([
        ['1.0', null],
        ['2.0', null],
        ['latest', null],
      ]),
    });
    expect(plan.tags).toEqual(['latest', '1.0']);
  });
  it('with digests in the list asks only for what moved, came or went', () => {
    const plan = planHeads({
      ...base,
      scopes: compileScopes(['*']),
      listing: listing([
        ['same', digest],
        ['moved', other],
        ['new', digest],
      ]),
      known: new Map([
        ['same', digest],
        ['moved', digest],
        ['gone', digest],
        ['unfinished', null],
      ]),
    });
    expect(plan.tags).toEqual(['moved', 'new', 'gone', 'unfinished']);
  });
  it('suspects nothing gone from a list that is not complete', () => {
    for (const end of ['caught-up', 'bounded', 'looping'] as const) {
      const known = new Map([['gone', digest]]);
      const plan = planHeads({ ...base, scopes: compileScopes(['*']), listing: listing([], end), known });
      expect(plan.tags).toEqual([]);
    }
  });
  it('fills a first look from the list where that has digests', () => {
    const rows = listing([
      ['a', digest],
      ['b', 'sha256:bad'],
      ['c', null],
    ]);
    const plan = planHeads({ ...base, scopes: compileScopes(['*']), listing: rows, isNew: () => false });
    expect(plan.fills).toEqual([{ tag: 'a', digest }]);
    expect(plan.tags).toEqual(['b', 'c']);
  });
  it('takes turns through more tags than one look may ask for, new ones first', () => {
    const names = Array.from({ length: 10 }, (_, n) => `t${n}`);
    const known = new Map(names.map((name) => [name, digest]));
    const rows = listing([...names.map((name) => [name, null] as const), ['new', null]]);
    const input = { ...base, scopes: compileScopes(['*']), listing: rows, known, maxHeads: 4 };
    const first = planHeads(input);
    expect([first.tags, first.turnFrom, first.backlog]).toEqual([['new', 't0', 't1', 't2'], 1, false]);
    expect(planHeads({ ...input, cursor: 't8' }).tags).toEqual(['new', 't9', 't0', 't1']);
    expect(planHeads({ ...input, known: new Map(), maxHeads: 4 }).backlog).toBe(true);
  });
});

describe('verdictOf', () => {
  const poll = { ...bounds, requestsPerSecond: 10, concurrency: 4, onDemand: false };
  const result = {
    memo: { ...freshMemo, intervalMs: 100_000 },
    withheldForMs: null,
    changes: 0,
    requests: 5,
    error: null,
    partial: false,
    answered: true,
    absence: null,
    listEnd: null,
    backlog: false,
  };
  it('waits longer after a quiet look and counts its requests', () => {
    const { memo, wait } = verdictOf(result, null, noon, poll);
    expect(memo.intervalMs).toBe(130_000);
    expect(wait).toEqual({ kind: 'about', ms: 130_000, weight: 5 });
  });
  it('backs off from a repository that fails, up to the longest interval, and forgets that after a success', () => {
    const waits: Wait[] = [];
    let { memo } = result;
    for (let n = 0; n < 8; n += 1) {
      const verdict = verdictOf({ ...result, memo }, 'denied', noon, poll);
      memo = verdict.memo;
      waits.push(verdict.wait);
    }
    expect(waits[0]).toEqual({ kind: 'within', fromMs: 15_000, spanMs: 15_000 });
    expect(waits[7]).toEqual({ kind: 'within', fromMs: 450_000, spanMs: 450_000 });
    expect(memo.failures).toBe(8);
    expect(verdictOf({ ...result, memo }, null, noon, poll).memo.failures).toBe(0);
  });
  it('does not hold a pause of the registry against the repository', () => {
    expect(verdictOf(result, 'refused', noon, poll).memo).toBe(result.memo);
  });
  it('a look that one tag spoilt comes again at its usual time, one with a backlog soon', () => {
    const spoilt = verdictOf({ ...result, partial: true }, 'server', noon, poll);
    expect([spoilt.memo.failures, spoilt.wait]).toEqual([1, { kind: 'about', ms: 130_000, weight: 5 }]);
    const wait = verdictOf({ ...result, backlog: true }, null, noon, poll).wait;
    expect(wait).toEqual({ kind: 'within', fromMs: 1_000, spanMs: 500 });
  });
  it('fairHeads shares the budget among the repositories, and leaves each enough', () => {
    expect(fairHeads(result.memo, poll, 4)).toBe(200);
    expect(fairHeads(result.memo, poll, 100_000)).toBe(16);
  });
});
