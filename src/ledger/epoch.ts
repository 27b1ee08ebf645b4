import type { Random } from '../lib/random.ts';

const alphabet = '0123456789abcdefghijklmnopqrstuvwxyz';
const epochLength = 8;

/** A new epoch: 8 characters of [0-9a-z], so 1 in 2.8 trillion that two ledgers share one. */
export function newEpoch(random: Random): string {
  let epoch = '';
  for (let i = 0; i < epochLength; i++)
    epoch += alphabet.charAt(Math.min(Math.floor(random() * alphabet.length), alphabet.length - 1));
  return epoch;
}
