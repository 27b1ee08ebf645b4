import { getCACertificates } from 'node:tls';
import { expect, it } from 'vitest';
import { trusting } from '../../../src/lib/trusted-certificates.ts';

it('the same authorities are parsed once, however many connections and targets there are', () => {
  const [one = '', other = ''] = getCACertificates('bundled');
  expect(trusting(undefined)).toBe(trusting(undefined));
  expect(trusting(one)).toBe(trusting(one));
  expect(trusting(one)).not.toBe(trusting(undefined));
  expect(trusting(one)).not.toBe(trusting(other));
});

it('few are remembered', () => {
  const first = trusting(undefined);
  for (const ca of getCACertificates('bundled').slice(0, 16)) trusting(ca);
  expect(trusting(undefined)).not.toBe(first);
});
