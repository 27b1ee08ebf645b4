/**
 * Reads what scripts return and writes what they take. Other programs may write to the same Redis, so a reply is
 * checked like any other input. Each reader throws UNAVAILABLE where the reply is of another shape.
 */
import { ManifeedError } from '../errors.ts';

/**
 * JSON that Lua's decoder takes whole. It refuses a text with a lone surrogate in it, and one media type from a
 * stranger must not spoil the group of everyone's observations; U+FFFD stands in its place.
 */
export function encodeForLua(value: unknown): string {
  const text = JSON.stringify(value);
  // JSON.stringify escapes no other character as \ud…
  return text.includes('\\ud') ? JSON.stringify(value, wellFormed) : text;
}

function wellFormed(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed() : value;
}

export function orNull<T>(value: unknown, read: (value: unknown) => T): T | null {
  return value === null ? null : read(value);
}

export function asList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw broken('a list', value);
}

export function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  throw broken('a text', value);
}

/** A number, or the text of one: Redis answers with texts where numbers may be large. */
export function asNumber(value: unknown): number {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  if (typeof number === 'number' && Number.isFinite(number)) return number;
  throw broken('a number', value);
}

export function asCount(value: unknown): number {
  const number = asNumber(value);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw broken('a whole number from 0', value);
}

export function broken(required: string, value: unknown): ManifeedError {
  const found = JSON.stringify(String(value).slice(0, 100));
  return new ManifeedError('UNAVAILABLE', `use the ledger: Redis gave ${found}: must be ${required}`);
}
