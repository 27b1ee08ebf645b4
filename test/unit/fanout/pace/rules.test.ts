import { describe, expect, it } from 'vitest';
import { paceRules } from '../../../../src/fanout/pace/rules.ts';

const options = {
  deliveriesPerSecond: 500,
  maxWindowMs: 600_000,
  burst: 100,
  exceptions: [
    { pattern: 'ghcr.io/small/**', deliveriesPerSecond: 5 },
    { pattern: 'ghcr.io/**', deliveriesPerSecond: 50, burst: 10 },
  ],
  priority: ['docker.io/library/openssl', 'ghcr.io/security/**'],
};

describe('paceRules', () => {
  const ruleOf = paceRules(options);

  it('gives the defaults where no exception matches', () => {
    expect(ruleOf('docker.io/library/nginx')).toEqual({
      deliveriesPerSecond: 500,
      maxWindowMs: 600_000,
      burst: 100,
      name: 'default',
      priority: false,
    });
  });

  it('takes the first exception that matches, and what it leaves out from the defaults', () => {
    expect(ruleOf('ghcr.io/small/app')).toMatchObject({
      deliveriesPerSecond: 5,
      burst: 100,
      name: 'ghcr.io/small/**',
    });
    expect(ruleOf('ghcr.io/big/app')).toMatchObject({
      deliveriesPerSecond: 50,
      burst: 10,
      name: 'ghcr.io/**',
    });
  });

  it('marks priority whichever rule holds', () => {
    expect(ruleOf('docker.io/library/openssl').priority).toBe(true);
    expect(ruleOf('ghcr.io/security/scanner')).toMatchObject({ name: 'ghcr.io/**', priority: true });
  });

  it('compiles each pattern when the rules are made, not per question', () => {
    let reads = 0;
    const counted = {
      get pattern() {
        reads += 1;
        return 'ghcr.io/**';
      },
    };
    const rule = paceRules({ ...options, exceptions: [counted] });
    const before = reads;
    for (let index = 0; index < 10; index++) rule('ghcr.io/big/app');
    expect(reads).toBe(before);
  });
});
