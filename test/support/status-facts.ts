/** A gateway in which all is well, for tests of what is said of one in which something is not. */
import type { HookReport, RegistryReport, TargetReport } from '../../src/status/report.ts';
import type { Facts } from '../../src/status/warnings.ts';

export const goodRegistry: RegistryReport = {
  ...{ registry: 'r.test', state: 'ok', leftAloneUntil: null, repositories: 3, lastFailure: null },
  ...{ absent: null, unreadable: null },
};

export const goodHook: HookReport = {
  ...{ name: 'harbor', kind: 'harbor', counts: { accepted: 1, refused: 0, unverified: 0 } },
  ...{ lastDelivery: '2026-11-25T09:00:00.000Z', lastRefusal: null },
};

export const goodTarget: TargetReport = {
  ...{ name: 'tower', kind: 'watchtower', state: 'idle', disabled: null },
  ...{ waitingSince: null, late: false, lastFailure: null },
};

export const goodFacts: Facts = {
  ...{ gateway: 'g1', version: '1.2.3', now: '2026-11-25T10:00:00.000Z', draining: false },
  ...{ startedAt: '2026-11-20T10:00:00.000Z', uptimeSeconds: 5 * 86_400 },
  ledger: {
    ...{ kind: 'sqlite', floor: 'abcdefgh-0', head: 'abcdefgh-9', oldest: null, newest: null },
    ...{ bytes: 1e6, freeBytes: 1e12, storing: true, why: null, damage: null, risk: null, clockBehindMs: 0 },
  },
  subscribers: {
    ...{ total: 100, limit: 17_500, behind: 0, lag: 0, heldUntil: null },
    byTransport: { sse: 100, websocket: 0, 'long-poll': 0 },
  },
  pace: {
    ...{ deliveriesPerSecond: 500, configuredDeliveriesPerSecond: 500, heldDeliveries: 0 },
    ...{ windowMs: 0, waitingReplays: 0, overrides: 0 },
  },
  registries: [goodRegistry],
  hooks: [goodHook],
  targets: [goodTarget],
  descriptors: { used: 200, limit: 1_000_000 },
};
