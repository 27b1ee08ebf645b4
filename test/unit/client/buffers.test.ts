/** What the client keeps in memory is bounded. */
import { describe, expect, it } from 'vitest';
import { EventBuffer, maxCharacters, maxEntries } from '../../../client/src/stream/buffer.ts';
import { maxRemembered, Repeats } from '../../../client/src/stream/repeats.ts';
import { changeOf } from '../../support/client-stream.ts';

const event = { kind: 'change', change: changeOf(1), resume: 'e-1' } as const;
const open = new AbortController().signal;

describe('the buffer of events', () => {
  it('is full at its number of entries, and at its number of characters', () => {
    const many = new EventBuffer();
    for (let n = 0; n < maxEntries; n++) {
      expect(many.isFull).toBe(false);
      many.push({ event, resume: 'e-1' }, 1);
    }
    expect(many.isFull).toBe(true);
    const large = new EventBuffer();
    large.push({ event, resume: 'e-1' }, maxCharacters - 1);
    expect(large.isFull).toBe(false);
    large.push({ event, resume: 'e-1' }, 1);
    expect(large.isFull).toBe(true);
  });

  it('has room again once half of it is read', async () => {
    const buffer = new EventBuffer();
    for (let n = 0; n < maxEntries; n++) buffer.push({ event, resume: 'e-1' }, 1);
    let hasRoom = false;
    const room = buffer.room(open).then(() => {
      hasRoom = true;
    });
    for (let n = 0; n < maxEntries / 2 - 1; n++) buffer.take();
    await Promise.resolve();
    expect(hasRoom).toBe(false);
    buffer.take();
    await room;
    expect(hasRoom).toBe(true);
  });

  it('lets a writer go that is told to stop', async () => {
    const buffer = new EventBuffer();
    for (let n = 0; n < maxEntries; n++) buffer.push({ event, resume: 'e-1' }, 1);
    const over = new AbortController();
    const room = buffer.room(over.signal);
    over.abort();
    await room;
    await buffer.room(over.signal);
  });

  it('keeps order, and of bookmarks that follow each other only the newest', () => {
    const buffer = new EventBuffer();
    for (let n = 0; n < 5_000; n++) buffer.push({ event: null, resume: `e-${n}` }, 8);
    expect(buffer.isFull).toBe(false);
    buffer.push({ event, resume: 'e-6000' }, 1);
    buffer.push({ event: null, resume: 'e-7000' }, 8);
    expect([1, 2, 3, 4].map(() => buffer.take()?.resume)).toEqual(['e-4999', 'e-6000', 'e-7000', undefined]);
  });
});

describe('the positions of repeats', () => {
  it('are none while nothing is held back', () => {
    const repeats = new Repeats();
    for (let n = 1; n < 100; n++) repeats.add(`e-${n}`, `e-${n}`);
    expect(repeats.size).toBe(0);
  });

  it('are remembered above the resume position, and forgotten when it has passed them', () => {
    const repeats = new Repeats();
    repeats.add('e-21', 'e-19');
    repeats.add('e-22', 'e-19');
    expect([repeats.has('e-21'), repeats.has('e-20')]).toEqual([true, false]);
    repeats.add('e-20', 'e-21');
    expect(repeats.has('e-22')).toBe(true);
    repeats.moveTo('e-22');
    expect(repeats.size).toBe(0);
  });

  it('of another epoch mean nothing', () => {
    const repeats = new Repeats();
    repeats.add('e-21', 'e-19');
    repeats.moveTo('f-1');
    expect(repeats.has('e-21')).toBe(false);
  });

  it('are bounded: the oldest go', () => {
    const repeats = new Repeats();
    for (let n = 1; n <= maxRemembered + 5; n++) repeats.add(`e-${n + 1}`, 'e-1');
    expect(repeats.size).toBe(maxRemembered);
    expect([repeats.has('e-6'), repeats.has('e-7')]).toEqual([false, true]);
  });
});
