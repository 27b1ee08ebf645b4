import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changeTypes } from '../../../../src/event/change.ts';
import { parseDigest } from '../../../../src/event/digest.ts';
import {
  decodeDigest,
  decodePlatforms,
  decodeType,
  encodeDigest,
  encodePlatforms,
  encodeType,
} from '../../../../src/ledger/sqlite/codec.ts';
import { digestOf } from '../../../support/ledger-samples.ts';

const hexOf = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });

test('every digest comes back from its bytes as it was', () => {
  const digests = fc.oneof(
    hexOf(64).map((hex) => `sha256:${hex}`),
    hexOf(128).map((hex) => `sha512:${hex}`),
  );
  fc.assert(
    fc.property(digests, (text) => {
      const digest = parseDigest(text);
      expect(digest === null ? null : decodeDigest(encodeDigest(digest))).toBe(text);
    }),
  );
  expect(decodeDigest(encodeDigest(null))).toBeNull();
});

test('bytes that are no digest are a damaged file, not a value', () => {
  expect(() => decodeDigest(Buffer.from([1, 2, 3]))).toThrow('a digest is damaged');
  expect(() => decodeType(9)).toThrow('a change of type 9 is damaged');
});

test('every type of change comes back from its code', () => {
  expect(changeTypes.map((type) => decodeType(encodeType(type)))).toEqual(changeTypes);
});

test('the platforms of a change come back, and what is none is a damaged file', () => {
  const known = { platforms: { 'linux/amd64': digestOf('a') }, movedPlatforms: ['linux/amd64'] };
  const unknown = { platforms: null };
  for (const one of [known, { ...known, movedPlatforms: [] }, unknown]) {
    const { platforms, moved_platforms: moved } = encodePlatforms(one);
    expect(decodePlatforms(platforms, moved)).toEqual(one);
  }
  expect(encodePlatforms({})).toEqual({ platforms: null, moved_platforms: null });
  for (const text of ['', '{', '[]', '1', '{"linux":"x"}', '{"linux/amd64":"x"}'])
    expect(() => decodePlatforms(text, null)).toThrow('damaged');
  expect(() => decodePlatforms('{}', '["linux"]')).toThrow('damaged');
});
