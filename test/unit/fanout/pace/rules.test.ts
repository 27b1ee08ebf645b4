import { describe, expect, it } from 'vitest';
import { paceRules } from '../../../../src/fanout/pace/rules.ts';

/** Stands in for the real globs: a trailing `**` matches any rest. */
const compile = (pattern: string) => (key: string) =>
  pattern.endsWith('**') ? key.startsWith(pattern.slice(0, -2)) : key === pattern;

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
  const ruleOf = paceRules(options, compile);

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

  it('compiles each pattern once, not per question', () => {
    let compiled = 0;
    const rule = paceRules(options, (pattern) => {
      compiled += 1;
      return compile(pattern);
    });
    for (let index = 0; index < 10; index++) rule('ghcr.io/big/app');
    expect(compiled).toBe(4);
  });
});
