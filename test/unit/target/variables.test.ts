import { describe, expect, it } from 'vitest';
import { changesWithin, deliveryVariables } from '../../../src/target/variables.ts';
import { delivery, wireChange } from '../../support/target-samples.ts';

describe('the variables of a delivery', () => {
  it('are those of the newest change, empty where there is nothing, and the number of changes', () => {
    expect(deliveryVariables(delivery({ previousDigest: null, mediaType: 'a/b' }))).toEqual({
      MANIFEED_CHANGE_POSITION: 'abcdefgh-7',
      MANIFEED_CHANGE_TYPE: 'tag.updated',
      MANIFEED_CHANGE_REGISTRY: 'docker.io',
      MANIFEED_CHANGE_REPOSITORY: 'library/nginx',
      MANIFEED_CHANGE_TAG: '1.27',
      MANIFEED_CHANGE_DIGEST: `sha256:${'a'.repeat(64)}`,
      MANIFEED_CHANGE_PREVIOUS_DIGEST: '',
      MANIFEED_CHANGE_REFERENCE: 'docker.io/library/nginx:1.27',
      MANIFEED_CHANGE_PINNED: `docker.io/library/nginx@sha256:${'a'.repeat(64)}`,
      MANIFEED_CHANGE_COUNT: '1',
      MANIFEED_CHANGE_TEST: '',
    });
  });

  it('say that it is a test', () => {
    expect(deliveryVariables(delivery({}, { kind: 'test' })).MANIFEED_CHANGE_TEST).toBe('1');
  });
});

describe('the changes that fit', () => {
  const changes = [wireChange({ tag: 'a' }), wireChange({ tag: 'b' }), wireChange({ tag: 'c' })] as const;
  const given = delivery({ tag: 'c' }, { changes });
  const bytes = (count: number) =>
    JSON.stringify({ change: changes[2], changes: changes.slice(3 - count) }).length;

  it.each([
    [bytes(3) + 1, 3],
    [bytes(2) + 1, 2],
    [bytes(1) + 1, 1],
    [10, 0],
  ])('into %i bytes are the %i newest', (maxBytes, count) => {
    const kept = changesWithin(given, maxBytes);
    expect(kept).toEqual({ change: changes[2], changes: changes.slice(3 - count) });
  });
});
