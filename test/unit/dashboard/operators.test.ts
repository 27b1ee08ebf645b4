/** What the operators' screens say: words for refusals and states, and the samples of a wave. */
import { describe, expect, it } from 'vitest';
import type { Pace } from '../../../dashboard/src/gateway/pace.ts';
import type { Upstream } from '../../../dashboard/src/gateway/upstreams.ts';
import { refusalOf, resultText } from '../../../dashboard/src/lib/refusals.ts';
import {
  addSample,
  maxSamples,
  rateText,
  rowsOf,
  type Sample,
  summaryOf,
} from '../../../dashboard/src/screens/pace/samples.ts';
import { meaningOf } from '../../../dashboard/src/screens/registries/meaning.ts';
import { stateOf } from '../../../dashboard/src/screens/registries/state.ts';
import { catalogue } from '../../../src/errors.ts';
import { postHook } from '../../../src/http/endpoints/post-hook.ts';

describe('refusalOf', () => {
  it('has a cause and a remedy of its own for each refusal that a hook documents', () => {
    const { errors = [] } = postHook(() => {});
    expect(errors.length).toBeGreaterThan(5);
    const causes = errors.map((code) => refusalOf(code).cause);
    expect(new Set(causes).size).toBe(errors.length);
    for (const code of errors) expect(refusalOf(code).cause).not.toContain(code);
  });

  it('names a code that it does not know', () => {
    expect(Object.keys(catalogue)).not.toContain('NEW');
    expect(refusalOf('NEW').cause).toContain('NEW');
  });
});

it('resultText has words for each result of docs/webhooks.md, and shows others as they are', () => {
  const results = ['changed', 'pending', 'unchanged', 'ignored', 'refused', 'unauthorized', 'unavailable'];
  for (const result of results) expect(resultText(result)).not.toBe(result);
  expect(resultText('new')).toBe('new');
});

it('meaningOf has a remedy for each state in trouble, and shows others as they are', () => {
  for (const state of ['throttled', 'failing', 'left-alone', 'probing'])
    expect(meaningOf({ state, absence: null }).remedy).not.toBe('');
  expect(meaningOf({ state: 'ok', absence: null }).remedy).toBe('');
  expect(meaningOf({ state: 'new', absence: null }).cause).toContain('new');
});

describe('a registry that lacks what is watched', () => {
  const warning = {
    ...{ severity: 'warning', code: 'registry-lacks-watched', about: 'ghcr.io', setting: 'watch', docs: '' },
    ...{ cause: 'The registry does not have it.', remedy: 'Correct the name.' },
  };
  const upstream: Upstream = {
    ...{ registry: 'ghcr.io', requestsPerSecond: 1, breaker: 'closed', backoffMs: 0 },
    ...{ total: 1, due: 0, failing: 1, repositories: [] },
  };

  it('is told from one that has all', () => {
    const found = stateOf(upstream, { registries: [], warnings: [warning] });
    expect([found.state, meaningOf(found).cause]).toEqual(['ok', warning.cause]);
    const other = { ...warning, about: 'docker.io' };
    expect(stateOf(upstream, { registries: [], warnings: [other] }).absence).toBeNull();
  });

  it('and answers no more is described by that', () => {
    expect(meaningOf({ state: 'left-alone', absence: warning }).cause).toMatch(/^The registry failed/);
  });
});

const pace = (deliveries: number, held = 0): Pace => ({
  ...{ deliveriesPerSecond: 5, configuredDeliveriesPerSecond: 10, overrides: [], windowMs: 0 },
  ...{ waitingReplays: 0, registries: {}, gateway: 'a', deliveries, heldDeliveries: held },
});

/** One sample a second, from the counts of deliveries. */
const samplesOf = (...counts: number[]) =>
  counts.reduce<readonly Sample[]>((all, count, at) => addSample(all, pace(count), at * 1_000), []);

describe('the samples of a wave', () => {
  it('are deliveries a second, from what was counted between two answers', () => {
    const uneven = addSample(addSample([], pace(10, 7), 1_000), pace(30, 3), 5_000);
    expect(uneven.map(({ perSecond, held, rate }) => [perSecond, held, rate])).toEqual([
      [null, 7, 5],
      [5, 3, 5],
    ]);
  });

  it('begin anew when the gateway was started again', () => {
    expect(samplesOf(5, 9, 2, 4).map(({ perSecond }) => perSecond)).toEqual([null, 4, null, 2]);
  });

  it('keep the newest ten minutes, and take an answer once', () => {
    const many = samplesOf(...Array.from({ length: maxSamples + 5 }, (_, at) => at));
    expect(many.length).toBe(maxSamples);
    expect(many[0]?.at).toBe(5_000);
    expect(addSample(many, pace(0), many.at(-1)?.at ?? 0)).toBe(many);
  });

  it('make one row of a table for each ten seconds, the newest first', () => {
    const rows = rowsOf(samplesOf(...Array.from({ length: 25 }, (_, at) => at * (at < 10 ? 1 : 2))));
    expect(rows.map(({ at, perSecond }) => [at, perSecond])).toEqual([
      [24_000, 2],
      // From 9 to 20 between the ninth and the tenth second.
      [19_000, (11 + 9 * 2) / 10],
      [9_000, 1],
    ]);
    expect(rowsOf([])).toEqual([]);
  });

  it('are told in a sentence, too', () => {
    expect(summaryOf([])).toBe('Deliveries a second: nothing is measured yet.');
    expect(summaryOf(samplesOf(0, 4, 5))).toBe(
      'Deliveries a second: 1 now, 4 at most; the pace allows 5. 0 held back.',
    );
  });

  it('have no needless digits', () => {
    expect([0, 2, 0.25, 9.96, 1234.6].map(rateText)).toEqual(['0', '2', '0.3', '10.0', '1,235']);
  });
});
