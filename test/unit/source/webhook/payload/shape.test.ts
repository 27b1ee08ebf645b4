import { describe, expect, test } from 'vitest';
import { maxInnerLength, parseInner } from '../../../../../src/source/webhook/payload/shape.ts';

describe('JSON inside JSON', () => {
  const long = (length: number) => `"${'x'.repeat(length - 2)}"`;

  test('is read up to the bound, and not parsed above it', () => {
    expect(parseInner('{"a":1}')).toEqual({ a: 1 });
    expect(parseInner(long(maxInnerLength))).toHaveLength(maxInnerLength - 2);
    expect(parseInner(long(maxInnerLength + 1))).toBeUndefined();
    expect(parseInner('{')).toBeUndefined();
  });
});
