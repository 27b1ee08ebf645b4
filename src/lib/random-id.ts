import type { Random } from './random.ts';

const alphabet = '0123456789abcdefghijklmnopqrstuvwxyz';
const idLength = 8;

/** A name for something new: 8 characters of [0-9a-z], so 1 in 2.8 trillion that two are equal. */
export function randomId(random: Random): string {
  let id = '';
  for (let i = 0; i < idLength; i++)
    id += alphabet.charAt(Math.min(Math.floor(random() * alphabet.length), alphabet.length - 1));
  return id;
}
