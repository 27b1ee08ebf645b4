/** What keys do. */
import { describe, expect, it } from 'vitest';
import { KeySequence, type Press } from '../../../dashboard/src/keys/sequence.ts';

const sequence = () => new KeySequence(new Map([['c', 'changes']]));
const press = (key: string, more: Partial<Press> = {}): Press => ({
  ...{ key, hasModifier: false, isTyping: false, atMs: 0 },
  ...more,
});

describe('a key', () => {
  it.each([
    ['/', { kind: 'find' }],
    ['j', { kind: 'move', by: 1 }],
    ['k', { kind: 'move', by: -1 }],
    ['p', { kind: 'pause' }],
    ['?', { kind: 'help' }],
    ['x', null],
  ])('%s does what the help says', (key, action) => {
    expect(sequence().press(press(key))).toEqual(action);
  });

  it('with a modifier is the browser’s', () => {
    expect(sequence().press(press('p', { hasModifier: true }))).toBeNull();
  });

  it('in a field is text', () => {
    expect(sequence().press(press('/', { isTyping: true }))).toBeNull();
  });
});

describe('g and a letter', () => {
  it('goes to the screen of the letter', () => {
    const keys = sequence();
    expect(keys.press(press('g'))).toBeNull();
    expect(keys.press(press('c', { atMs: 1_000 }))).toEqual({ kind: 'go', screen: 'changes' });
  });

  it('is over after a while: then the letter is a key like any other', () => {
    const keys = sequence();
    keys.press(press('g'));
    expect(keys.press(press('p', { atMs: 1_501 }))).toEqual({ kind: 'pause' });
  });

  it('of no screen does nothing, not even what the letter does alone', () => {
    const keys = sequence();
    keys.press(press('g'));
    expect(keys.press(press('p', { atMs: 100 }))).toBeNull();
    expect(keys.press(press('p', { atMs: 200 }))).toEqual({ kind: 'pause' });
  });

  it('is not begun in a field', () => {
    const keys = sequence();
    keys.press(press('g', { isTyping: true }));
    expect(keys.press(press('c', { atMs: 10 }))).toBeNull();
  });

  it('may have Shift between', () => {
    const keys = sequence();
    keys.press(press('g'));
    keys.press(press('Shift', { atMs: 10 }));
    expect(keys.press(press('c', { atMs: 20 }))).toEqual({ kind: 'go', screen: 'changes' });
  });
});
