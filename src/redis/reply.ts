/** Readers of replies. Other programs may write to the same Redis: each throws UNAVAILABLE for another shape. */
import { type ManifeedError, messageOf, unavailable } from '../errors.ts';

/** JSON for Lua's decoder, which refuses lone surrogates, and with them a whole group: U+FFFD replaces them. */
export function encodeForLua(value: unknown): string {
  const text = JSON.stringify(value);
  // JSON.stringify escapes no other character as \ud…
  return text.includes('\\ud') ? JSON.stringify(value, wellFormed) : text;
}

function wellFormed(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed() : value;
}

/** Null stays null; anything else is read. */
export function orNull<T>(value: unknown, read: (value: unknown) => T): T | null {
  return value === null ? null : read(value);
}

/** The reply as a list. */
export function asList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw broken('a list', value);
}

/** The reply as a string. */
export function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  throw broken('a string', value);
}

/** A number, or a string of one: Redis returns strings if numbers may be large. */
export function asNumber(value: unknown): number {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  if (typeof number === 'number' && Number.isFinite(number)) return number;
  throw broken('a number', value);
}

/** The reply as an exact integer from 0. */
export function asCount(value: unknown): number {
  const number = asNumber(value);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw broken('a whole number from 0', value);
}

/** The count of a script's refusal `<name> <count>`; null if the script failed for another reason. */
export function refusedCount(error: unknown, name: string): number | null {
  const [found, count] = error instanceof Error ? messageOf(error.cause).split(' ') : [];
  return found === name ? Number(count) : null;
}

/** The error for a reply of another shape. */
export function broken(required: string, value: unknown): ManifeedError {
  const found = JSON.stringify(String(value).slice(0, 100));
  return unavailable(`use the ledger: Redis gave ${found}: must be ${required}`);
}
