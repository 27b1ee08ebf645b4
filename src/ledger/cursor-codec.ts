/** Cursors and wishes as stored. Any program can write to a store, so what comes back is checked. */
import { z } from 'zod';
import { maxDone, maxReason, type TargetCursor, type TargetWish } from './cursors.ts';

const cursorGrammar = /^([0-9a-z]{0,32}) (\d{1,16}) ((?:\d{1,16}(?:,\d{1,16})*)?)$/;
/** Far more than a cursor of 1,000 far apart sequences has. */
const maxCursorLength = 32 * 1024;

/** `<epoch> <low> <gaps>`: the gaps lead from `low` to each sequence that is done, and are short where they are many. */
export function encodeCursor({ epoch, low, done }: TargetCursor): string {
  const gaps = done.map((sequence, i) => sequence - (done[i - 1] ?? low));
  return `${epoch} ${low} ${gaps.join(',')}`;
}

/** Null if `encodeCursor` did not make the text. */
export function readCursor(text: string): TargetCursor | null {
  if (text.length > maxCursorLength) return null;
  const [, epoch, lowText, gapsText] = cursorGrammar.exec(text) ?? [];
  if (epoch === undefined || lowText === undefined || gapsText === undefined) return null;
  const low = Number(lowText);
  const gaps = gapsText === '' ? [] : gapsText.split(',').map(Number);
  const done: number[] = [];
  let at = low;
  for (const gap of gaps) {
    if (gap === 0) return null;
    at += gap;
    done.push(at);
  }
  return Number.isSafeInteger(at) && done.length <= maxDone ? { epoch, low, done } : null;
}

const count = z.number().int().nonnegative();
const id = z.string().min(1).max(64);

/** A cursor as exported. */
export const cursorSchema = z
  .strictObject({
    epoch: z.string().regex(/^[0-9a-z]{0,32}$/),
    low: count,
    done: z.array(count).max(maxDone),
  })
  .refine(({ low, done }) => done.every((sequence, i) => sequence > (done[i - 1] ?? low)), {
    error: 'must have what is done above low, and rising',
  });

/** A wish as stored and exported. */
export const wishSchema = z.strictObject({
  paused: z.boolean(),
  disabled: z.string().max(maxReason).nullable(),
  goTo: z
    .strictObject({ epoch: z.string().regex(/^[0-9a-z]{1,32}$/), sequence: count, number: count })
    .nullable(),
  replay: id.nullable(),
  number: count,
});

export function encodeWish(wish: TargetWish): string {
  return JSON.stringify(wish);
}

/** Null if `encodeWish` did not make the text. */
export function readWish(text: string): TargetWish | null {
  try {
    return wishSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
