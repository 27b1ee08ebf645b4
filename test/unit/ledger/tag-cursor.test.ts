import { expect, test } from 'vitest';
import { formatTagCursor, parseTagCursor } from '../../../src/ledger/tag-cursor.ts';

test('a cursor comes back as it was and is safe in a URL', () => {
  const cursor = { registry: 'registry.example.com:5000', repository: 'library/base', tag: '1.27' };
  expect(formatTagCursor(cursor)).toMatch(/^[A-Za-z0-9_-]+$/);
  expect(parseTagCursor(formatTagCursor(cursor))).toEqual(cursor);
});

test.each([
  '',
  'nonsense',
  Buffer.from('[1,2,3]').toString('base64url'),
  Buffer.from('{}').toString('base64url'),
  'A'.repeat(3_000),
])('what is no cursor is refused by name: %s', (text) => {
  expect(() => parseTagCursor(text)).toThrow(expect.objectContaining({ detail: { parameter: 'cursor' } }));
});
