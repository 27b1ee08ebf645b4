/** What comes from Redis is checked like any input: no rubbish on the channel or in a key becomes a change. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isStoredRepository, maxKnownRepositories } from '../../../../src/event/stored-repository.ts';
import {
  maxAnnouncementLength,
  readAnnouncement,
  readBounds,
  readEntry,
  readStanding,
} from '../../../../src/ledger/redis/codec.ts';
import { digestSum, entrySum, isDigestSound } from '../../../../src/ledger/redis/sum.ts';
import { digestOf, where } from '../../../support/ledger-samples.ts';
import { rowAt as at, badRows, rowDigest as digest, row } from '../../../support/redis-rows.ts';

describe('a message of the channel', () => {
  test('is read where it is as a gateway sends it', () => {
    const read = readAnnouncement(`abc 6 1\n${JSON.stringify([row()])}`)?.read;
    expect(read?.()).toMatchObject([{ epoch: 'abc', sequence: 6, digest, occurredAt: at }]);
  });

  test.each(badRows)('with %s is not taken for a change', (_what, members) => {
    const read = readAnnouncement(`abc 6 1\n${JSON.stringify([row(members)])}`)?.read;
    expect(() => read?.()).toThrow(/^use the ledger: Redis gave .*: must be/);
  });

  test.each([
    ['too few', 2, [row()]],
    ['too many', 1, [row(), row({ 4: 'u' })]],
    ['no list of', 1, { a: 1 }],
  ])('with %s changes is not taken for changes', (_what, count, rows) => {
    const read = readAnnouncement(`abc 6 ${count}\n${JSON.stringify(rows)}`)?.read;
    expect(read).toBeTypeOf('function');
    expect(() => read?.()).toThrow(/changes/);
  });

  test.each([
    ['an epoch that breaks the line of an SSE event', 'abc\nid: 1 1\n[]'],
    ['an epoch of capitals', 'ABC 1 1\n[]'],
    ['an epoch that is too long', `${'a'.repeat(33)} 1 1\n[]`],
    ['a number that is not exact', 'abc 9007199254740991 1\n[]'],
    ['too many digits', `abc ${'9'.repeat(400)} 1\n[]`],
  ])('with %s is none', (_what, text) => {
    expect(readAnnouncement(text)).toBeNull();
  });

  test('that is longer than any that a gateway sends is not parsed', () => {
    const rows = JSON.stringify([row()]);
    const fits = `abc 6 1\n${rows.padEnd(maxAnnouncementLength - 8)}`;
    expect(fits).toHaveLength(maxAnnouncementLength);
    expect(readAnnouncement(fits)?.read?.()).toHaveLength(1);
    expect(readAnnouncement(`${fits} `)).toBeNull();
  });

  test('never throws, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        readAnnouncement(text);
        readAnnouncement(`abc 1 1\n${text}`);
      }),
    );
  });
});

describe('an entry of the stream', () => {
  const bounds = { epoch: 'abc', floor: 0, head: 9, summedFrom: 5 };
  const entry = (id: string, text: string, ...sum: string[]) => [id, ['c', text, ...sum]];
  const text = JSON.stringify(row());

  test('with its checksum is read', () => {
    expect(readEntry(entry('6-0', text, 's', entrySum(text)), bounds)).toMatchObject({ sequence: 6, digest });
  });

  test('without one is read only from before checksums began', () => {
    expect(readEntry(entry('5-0', text), bounds)).toMatchObject({ sequence: 5 });
    expect(readEntry(entry('6-0', text), bounds)).toBeNull();
  });

  test.each(badRows)('with %s is not read, checksum or not', (_what, members) => {
    const other = JSON.stringify(row(members));
    expect(readEntry(entry('6-0', other, 's', entrySum(other)), bounds)).toBeNull();
  });

  test('with any one character changed is not read', () => {
    const sum = entrySum(text);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.integer({ min: 0, max: 6 }), (index, bit) => {
        const flipped = String.fromCharCode(text.charCodeAt(index) ^ (1 << bit));
        const damaged = text.slice(0, index) + flipped + text.slice(index + 1);
        expect(readEntry(entry('6-0', damaged, 's', sum), bounds)).toBeNull();
      }),
    );
  });

  test('whose id a stranger chose is not read', () => {
    for (const id of ['6-1', '6', 'x-0', '99999999999999999999-0'])
      expect(readEntry(entry(id, text, 's', entrySum(text)), bounds)).toBeNull();
  });

  test('names no previous digest where its sum is of another', () => {
    const sum = digestSum(`${where.registry}/${where.repository}`, 't', digest);
    const name = { ...where, tag: 't' };
    expect(isDigestSound(name, digest, sum)).toBe(true);
    expect(isDigestSound(name, digestOf('two'), sum)).toBe(false);
    const damaged = JSON.stringify(row({ 6: digestOf('two'), 11: sum }));
    expect(readEntry(entry('6-0', damaged, 's', entrySum(damaged)), bounds)?.previousDigest).toBeNull();
  });
});

describe('where the ledger stands', () => {
  test.each([
    ['an epoch with a line break', ['a\nb', '0', '5', '0', '0']],
    ['a floor above the head', ['abc', '6', '5', '0', '0']],
    ['a head that is not exact', ['abc', '0', '9007199254740993', '0', '0']],
    ['a head below 0', ['abc', '0', '-1', '0', '0']],
    ['no epoch', [null, '0', '5', '0', '0']],
    ['no number', ['abc', '0', 'x', '0', '0']],
  ])('is unknown with %s', (_what, fields) => {
    expect(readBounds(fields)).toBeNull();
  });

  test('is refused where a script gives no epoch', () => {
    expect(() => readStanding(['a\r\nb', '0', '1', '0', ''])).toThrow(/must be an epoch/);
  });
});

test('names that are known to be good are remembered, and not too many', () => {
  for (let i = 0; i < maxKnownRepositories + 10; i += 1)
    expect(isStoredRepository('r.example.com', `team/app-${i}`)).toBe(true);
  expect(isStoredRepository('r.example.com', '../x')).toBe(false);
  expect(isStoredRepository('r.example.com', 'team/app-1')).toBe(true);
});
