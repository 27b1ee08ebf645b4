import { expect, test } from 'vitest';
import type { Grant } from '../../../src/event/grant.ts';
import { RequestReader } from '../../../src/transport/request.ts';

function grant(repository: string, unpaced: boolean): Grant {
  const rest = { name: '', key: repository, owner: null, patterns: [], admin: false, metrics: false };
  return { ...rest, unpaced, allows: (key) => key === repository };
}

const limits = { defaultRegistry: 'docker.io', repositoriesPerSubscription: 10, tagsPerSubscription: 10 };

test('a request is read once for one grant, and checked anew for each other grant', () => {
  const requests = new RequestReader(limits, { knowsRegistry: () => true, latestSince: () => 0 });
  const params = requests.parse('repository=quay.io/a/b&pace=none');
  const mine = grant('quay.io/a/b', true);
  const read = () => requests.read(params, mine);
  expect(read()).toBe(read());
  expect(() => requests.read(params, grant('quay.io/c/d', true))).toThrow(/does not allow it/);
  expect(() => requests.read(params, grant('quay.io/a/b', false))).toThrow(/pace none/);
  expect(read()).toMatchObject({ paced: false, start: { kind: 'live' } });
});

test('a request that resumes elsewhere changes nothing for the next one', () => {
  const requests = new RequestReader(limits, { knowsRegistry: () => true, latestSince: () => 0 });
  const params = requests.parse('');
  const mine = grant('', false);
  const start = { kind: 'after', epoch: 'e', sequence: 7 } as const;
  expect(requests.read(params, mine, { start }).start).toBe(start);
  expect(requests.read(params, mine).start).toEqual({ kind: 'live' });
  expect(requests.read(params, mine, { start }).start).toBe(start);
});

test('a `since` in the future stands for the time at which it is asked', () => {
  let now = Date.parse('2026-11-25T03:00:00Z');
  const requests = new RequestReader(limits, { knowsRegistry: () => true, latestSince: () => now });
  const params = requests.parse('since=2026-11-25T03:00:03Z');
  const mine = grant('', false);
  expect(requests.read(params, mine).start).toEqual({ kind: 'since', time: now });
  now += 2_000;
  expect(requests.read(params, mine).start).toEqual({ kind: 'since', time: now });
});
