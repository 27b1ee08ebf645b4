/** What a gateway answers is checked, an error names the member, and what does not show is escaped. */
import { describe, expect, it } from 'vitest';
import { readDeliveries } from '../../../dashboard/src/gateway/deliveries.ts';
import { readStatus } from '../../../dashboard/src/gateway/status.ts';
import { readSubscribers } from '../../../dashboard/src/gateway/subscribers.ts';
import { readUpstreams } from '../../../dashboard/src/gateway/upstreams.ts';
import { boolean, list, nullable, number, object, record, string } from '../../../dashboard/src/lib/read.ts';

const read = object({
  name: string,
  tags: list(object({ tag: string, size: nullable(number) })),
  counts: record(number),
  polled: boolean,
});
const good = { name: 'a', tags: [{ tag: '1', size: null }], counts: { sse: 1 }, polled: true };

describe('a reader', () => {
  it('gives what it knows, and leaves out what it does not', () => {
    expect(read({ ...good, later: 1 }, 'answer')).toEqual(good);
  });

  it('takes an absent member for null where null is allowed', () => {
    expect(read({ ...good, tags: [{ tag: '1' }] }, 'answer')).toEqual(good);
  });

  it.each([
    [{ ...good, name: 1 }, 'answer.name: must be a string'],
    [{ ...good, tags: [{ tag: '1', size: '2' }] }, 'answer.tags[0].size: must be a number'],
    [{ ...good, tags: {} }, 'answer.tags: must be a list'],
    [{ ...good, counts: { sse: null } }, 'answer.counts.sse: must be a number'],
    [{ ...good, counts: [1] }, 'answer.counts: must be an object'],
    [{ ...good, polled: 'yes' }, 'answer.polled: must be true or false'],
    [null, 'answer: must be an object'],
  ])('refuses %j', (value, message) => {
    expect(() => read(value, 'answer')).toThrow(message);
  });
});

/** C0 with its line end, C1, an override of the direction, an isolate, and what has no width. */
const hostile = 'a\u001b[2J\n\u009b\u202e\u2066\u200b\ufeffz';
const escaped = 'a\\u001b[2J\\n\\u009b\\u202e\\u2066\\u200b\\ufeffz';
const at = '2026-11-25T10:00:00.000Z';

const delivery = {
  ...{ at, address: '::1', status: 400, result: 'refused' },
  code: 'BODY_INVALID',
  bytes: 1,
};
const counts = { accepted: 0, refused: 1, unverified: 0 };
const hook = { name: 'ci', kind: 'harbor', counts, lastDelivery: null };
const refusal = { at, address: '::1', code: 'BODY_INVALID', reason: hostile };

describe('what a stranger said has nothing that does not show', () => {
  it('in the failures of a registry, and in the tags that subscribers name', () => {
    const repository = {
      ...{ repository: 'a', watched: false, scopes: [hostile], lastLook: null, nextLook: null },
      ...{ intervalMs: 1, failures: 1, lastError: hostile },
    };
    const upstream = {
      ...{ registry: 'ghcr.io', requestsPerSecond: 1, breaker: 'closed', backoffMs: 0 },
      ...{ total: 1, due: 0, failing: 1, repositories: [repository] },
    };
    const { upstreams } = readUpstreams({ upstreams: [upstream], gateway: 'a' }, 'upstreams');
    expect(upstreams[0]?.repositories).toMatchObject([{ scopes: [escaped], lastError: escaped }]);
  });

  it('in the refusals of a hook', () => {
    const odd = { ...delivery, reason: hostile };
    const one = {
      ...{ ...hook, url: '/v1/hooks/ci', registry: null, lastRefusal: refusal },
      ...{ deliveries: [odd], unverified: [odd], savedDelivery: null },
    };
    const answer = { hooks: [one], next: null, unknownNames: { count: 0, last: null } };
    expect(readDeliveries(answer, 'hooks').hooks).toMatchObject([
      {
        lastRefusal: { reason: escaped },
        deliveries: [{ reason: escaped }],
        unverified: [{ reason: escaped }],
      },
    ]);
  });

  it('in what the first screen says of registries, hooks, targets, and in its warnings', () => {
    const status = {
      ...{ gateway: 'a', version: '1', now: at, startedAt: at, draining: false },
      warnings: [
        {
          ...{ severity: 'warning', code: 'hook-refused', about: 'ci', setting: null, docs: 'c' },
          ...{ cause: hostile, remedy: 'b' },
        },
      ],
      ledger: { kind: 'memory', storing: true },
      subscribers: { total: 0, limit: 1, byTransport: {}, behind: 0, lag: 0, heldUntil: null },
      pace: {
        ...{ deliveriesPerSecond: 1, configuredDeliveriesPerSecond: 1, heldDeliveries: 0, overrides: 0 },
      },
      registries: [
        {
          ...{ registry: 'ghcr.io', state: 'failing', leftAloneUntil: null, repositories: 1 },
          lastFailure: { at, repository: 'a', reason: hostile },
        },
      ],
      moreRegistries: 0,
      hooks: [{ ...hook, lastRefusal: refusal }],
      moreHooks: 0,
      targets: [
        {
          ...{ name: 'flux', kind: 'flux', state: 'retrying', waitingSince: null, late: false },
          lastFailure: { at, why: hostile },
        },
      ],
      moreTargets: 0,
      descriptors: { used: null, limit: null },
    };
    expect(readStatus(status, 'status')).toMatchObject({
      warnings: [{ cause: escaped }],
      registries: [{ lastFailure: { reason: escaped } }],
      hooks: [{ lastRefusal: { reason: escaped } }],
      targets: [{ lastFailure: { why: escaped } }],
    });
  });

  it('in the filters and the name of a subscriber', () => {
    const filter = { repository: [hostile], tag: [hostile], type: [hostile], platform: [hostile] };
    const subscriber = {
      ...{ number: 1, transport: 'sse', format: 'json', address: '::1', token: hostile, state: 'live' },
      ...{ paced: true, conflate: false, connectedAt: at, position: null, lag: 0, heldUntil: null },
      ...{ blockedSince: null, subscriptions: [{ id: '1', ...filter, more: 0 }], moreSubscriptions: 0 },
    };
    const { subscribers } = readSubscribers({ subscribers: [subscriber], next: null }, 'subscribers');
    const shown = { repository: [escaped], tag: [escaped], type: [escaped], platform: [escaped] };
    expect(subscribers).toMatchObject([{ token: escaped, subscriptions: [shown] }]);
  });
});
