/** What a gateway answers is checked, and an error names the member. */
import { describe, expect, it } from 'vitest';
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
