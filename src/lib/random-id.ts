import type { Random } from './random.ts';

const alphabet = '0123456789abcdefghijklmnopqrstuvwxyz';
const idLength = 8;

/** A random id: 8 characters of [0-9a-z], one of 2.8 trillion. */
export function randomId(random: Random): string {
  let id = '';
  for (let i = 0; i < idLength; i++)
    id += alphabet.charAt(Math.min(Math.floor(random() * alphabet.length), alphabet.length - 1));
  return id;
}
