import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway.ts';
import { holds } from '../../support/k6/metrics.ts';
import { type Run, runScript, scenariosOf, startsOf } from '../../support/k6/run-script.ts';

let gateway: Gateway;

beforeEach(async () => {
  gateway = await startGateway({
    pace: { deliveriesPerSecond: 2_000, burst: 0, allowNone: true },
    limits: { newConnectionsPerSecond: 10_000 },
  });
});
afterEach(() => gateway.close());

const environment = (more: Readonly<Record<string, string>> = {}) => ({
  MANIFEED_URL: gateway.url,
  SUBSCRIBERS: '20',
  DURATION: '1.5',
  EVERY: '0.05',
  LEAD: '0.5',
  RAMP: '0.3',
  ...more,
});

const broken = (run: Run) =>
  run.verdicts.filter((each) => !each.holds).map((each) => `${each.metric}: ${each.threshold}`);
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe('the k6 scripts, run by a stand-in against a gateway', () => {
  it.each(['websocket-fanout', 'sse'])(
    '%s meets its thresholds, and everybody gets every change',
    async (name) => {
      const run = await runScript(name, environment());
      expect(broken(run)).toEqual([]);
      const published = run.samplesOf('manifeed_published').length;
      expect(published).toBeGreaterThan(10);
      expect(run.samplesOf('manifeed_deliveries')).toHaveLength(published * 20);
      expect(sum(run.samplesOf('manifeed_repeats'))).toBe(0);
    },
  );

  it.each(['websocket-fanout', 'sse', 'reconnect-storm', 'slow-readers', 'soak'])(
    '%s opens its subscribers over a ramp and publishes after it',
    async (name) => {
      const { subscribers, fast, publisher } = await scenariosOf(name, environment({ RAMP: '7' }));
      expect(subscribers ?? fast).toMatchObject({
        executor: 'ramping-vus',
        startVUs: 0,
        stages: [
          { duration: '7s', target: name === 'slow-readers' ? 18 : 20 },
          { duration: '2.5s', target: name === 'slow-readers' ? 18 : 20 },
        ],
      });
      expect(publisher).toMatchObject({ startTime: '7.5s' });
    },
  );

  it('reconnect-storm meets its thresholds, and every subscriber became live twice', async () => {
    const run = await runScript('reconnect-storm', environment({ AWAY: '0.3' }));
    expect(broken(run)).toEqual([]);
    expect(run.samplesOf('manifeed_ready_after')).toHaveLength(40);
    const published = run.samplesOf('manifeed_published').length;
    expect(sum(run.samplesOf('manifeed_deliveries')) - sum(run.samplesOf('manifeed_repeats'))).toBe(
      published * 20,
    );
  });

  it('slow-readers meets its thresholds with a tenth of the subscribers slow', async () => {
    const run = await runScript('slow-readers', environment({ EVERY: '0.1', DAWDLE: '0.005' }));
    expect(broken(run)).toEqual([]);
    expect(run.samplesOf('manifeed_deliveries{scenario:slow}').length).toBeGreaterThan(0);
    expect(run.samplesOf('manifeed_deliveries{scenario:fast}')).toHaveLength(
      run.samplesOf('manifeed_deliveries{scenario:slow}').length * 9,
    );
  });

  it('soak meets its thresholds while subscribers come and go', async () => {
    const run = await runScript('soak', environment({ SESSION: '0.3' }));
    expect(broken(run)).toEqual([]);
    expect(run.samplesOf('manifeed_ready_after').length).toBeGreaterThan(60);
  });

  it('the thresholds break when subscriptions are refused', async () => {
    const run = await runScript(
      'websocket-fanout',
      environment({ REPOSITORY: 'NOT//A/NAME', DURATION: '0.3' }),
    );
    expect(broken(run)).toContain('manifeed_deliveries: count>0');
    expect(broken(run)).toContain('manifeed_published: rate==1');
  });
});

describe('the chain of digests', () => {
  it('tells next, repeat and gap apart', async () => {
    const { Chain } = await import('../../../load-tests/k6/lib/chain.ts');
    const chain = new Chain();
    const change = (digest: string, previousDigest: string | null) => ({
      position: 'e-1',
      digest,
      previousDigest,
      occurredAt: '',
    });
    expect(chain.follow(change('a', null))).toBe('first');
    expect(chain.follow(change('b', 'a'))).toBe('next');
    expect(chain.follow(change('a', null))).toBe('repeat');
    expect(chain.follow(change('d', 'c'))).toBe('gap');
    for (let i = 0; i < 1_100; i++) chain.follow(change(`x${i}`, i === 0 ? 'd' : `x${i - 1}`));
    // Forgotten, so it is taken for a gap: the memory is bounded.
    expect(chain.follow(change('a', null))).toBe('gap');
  });
});

describe('the stand-in', () => {
  it('starts virtual users evenly over the ramp, as ramping-vus does', () => {
    const stages = [
      { duration: '1s', target: 4 },
      { duration: '5s', target: 4 },
    ];
    expect(startsOf(0, stages)).toEqual([250, 500, 750, 1_000]);
    expect(startsOf(2, stages)).toEqual([0, 0, 500, 1_000]);
  });

  it('refuses thresholds that name no metric of the script', () => {
    expect(() => holds('manifeed_typo', 'count==0')).toThrow(/names no metric/);
  });
});
