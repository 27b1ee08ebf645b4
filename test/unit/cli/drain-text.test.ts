import { expect, it } from 'vitest';
import { drainText } from '../../../src/cli/drain-text.ts';

it.each([
  [0, 10_000, 'no subscriber is connected'],
  [1, 10_000, '1 subscriber is closed within 10 s (drain.window)'],
  [21, 2_500, '21 subscribers are closed within 2.5 s (drain.window)'],
  [2, 0, '2 subscribers are closed at once (drain.window)'],
])(
  'the log says of %i subscribers and a window of %i ms what a stop does to them',
  (count, windowMs, text) => {
    expect(drainText(count, windowMs)).toBe(`draining: ${text}; a second signal stops at once`);
  },
);
