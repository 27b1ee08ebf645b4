import { describe, expect, test } from 'vitest';
import { ManifeedError } from '../../../src/errors.ts';
import { Status } from '../../../src/status/status.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { goodFacts, goodHook, goodRegistry, goodTarget } from '../../support/status-facts.ts';

type Parts = ConstructorParameters<typeof Status>[0];

const extent = {
  bounds: { epoch: 'abcdefgh', floor: 2, head: 9 },
  ...{ oldestAt: 1_000, bytes: 4_096, freeBytes: 1e12, damage: null, risk: null },
};

function statusOf(wrong: Partial<Parts> = {}) {
  const clock = fakeClock();
  const status = new Status({
    ...{ gateway: 'g1', version: '1.2.3', ledgerKind: 'sqlite', clock },
    ledger: { check: async () => {} },
    extent: { look: async () => extent },
    newest: { newestAt: 5_000, behindMs: 0 },
    admission: { isDraining: false, maxSubscribers: 100 },
    hub: {
      census: () => ({
        byTransport: new Map([
          ['sse', 2],
          ['target', 1],
        ]),
        clients: 2,
        behind: 0,
        lag: 0,
      }),
      pacer: { describe: () => ({ ...goodFacts.pace, windowMs: 3_000, overrides: [] }) },
    },
    registries: () => [goodRegistry],
    hooks: () => [goodHook],
    targets: async () => [goodTarget],
    descriptors: async () => ({ used: 10, limit: 1_000 }),
    ...wrong,
  });
  return { status, clock };
}

describe('status', () => {
  test('has everything of the first screen', async () => {
    const { status, clock } = statusOf();
    clock.advance(61_000);
    const report = await status.describe();
    expect(report).toMatchObject({
      ...{ gateway: 'g1', version: '1.2.3', uptimeSeconds: 61, draining: false },
      ledger: {
        ...{ kind: 'sqlite', floor: 'abcdefgh-2', head: 'abcdefgh-9', storing: true, why: null },
        ...{ oldest: '1970-01-01T00:00:01.000Z', newest: '1970-01-01T00:00:05.000Z', bytes: 4_096 },
      },
      subscribers: { total: 2, limit: 100, byTransport: { sse: 2, target: 1 } },
      ...{ registries: [goodRegistry], moreRegistries: 0, moreHooks: 0 },
      ...{ targets: [goodTarget], moreTargets: 0 },
    });
    expect(Date.parse(report.subscribers.heldUntil ?? '')).toBe(clock.now() + 3_000);
  });

  test('says why nothing is stored, and still answers', async () => {
    const refuse = async () => {
      throw new ManifeedError('UNAVAILABLE', 'check the ledger: Redis is away');
    };
    const { status } = statusOf({ ledger: { check: refuse }, extent: { look: refuse }, targets: refuse });
    const { ledger, warnings, targets } = await status.describe();
    expect(ledger).toMatchObject({ storing: false, why: 'check the ledger: Redis is away', head: null });
    expect(warnings[0]).toMatchObject({ code: 'ledger-not-storing', severity: 'critical' });
    expect(targets).toBeNull();
  });

  test('waits two seconds for a ledger that does not answer', async () => {
    const never = () => new Promise<never>(() => {});
    const { status, clock } = statusOf({ ledger: { check: never }, extent: { look: never }, targets: never });
    const answer = status.describe();
    clock.advance(2_000);
    expect((await answer).ledger).toMatchObject({ storing: false, why: 'it does not answer in time' });
  });

  test('stays small: of a thousand registries, hooks and targets it lists a hundred, those in trouble first', async () => {
    const many = Array.from({ length: 1_000 }, (_, index) => index);
    const { status } = statusOf({
      registries: () =>
        many.map((index) => ({
          ...goodRegistry,
          registry: `r${index}.test`,
          state: index === 999 ? 'left-alone' : 'ok',
        })),
      hooks: () => many.map((index) => ({ ...goodHook, name: `h${index}`, lastDelivery: null })),
      targets: async () =>
        many.map((index) => ({ ...goodTarget, name: `t${index}`, late: index === 998, url: 'https://x' })),
    });
    const report = await status.describe();
    const { registries, moreRegistries, hooks, moreHooks, targets, moreTargets, warnings } = report;
    expect([registries.length, moreRegistries, hooks.length, moreHooks]).toEqual([100, 900, 100, 900]);
    expect(registries[0]?.registry).toBe('r999.test');
    expect([targets?.length, moreTargets]).toEqual([100, 900]);
    expect(targets?.[0]).toEqual({ ...goodTarget, name: 't998', late: true });
    expect(warnings.length).toBeLessThanOrEqual(100);
  });
});
