/** Building blocks of the kinds' schemas: they check what matters, and ignore everything else. */
import { z } from 'zod';
import { ManifeedError } from '../../../errors.ts';
import { jsonOrNothing } from '../../../lib/json.ts';

/** A string, or absent. A member of another type counts as absent, so one odd field loses no delivery. */
export const text = z.string().optional().catch(undefined);
/** A number, or absent. */
export const number = z.number().optional().catch(undefined);
/** RFC 3339 text or a number of seconds; `parseMoment` reads it. */
export const time = z.union([z.string(), z.number()]).optional().catch(undefined);

/** An array of anything. It is not copied, because its length is checked only afterwards. */
export const list = z.custom<readonly unknown[]>(Array.isArray);

/** An object of these members, or absent. */
export function maybe<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.object(shape).optional().catch(undefined);
}

/** @throws BODY_INVALID naming what the kind expects, never quoting the body */
export function parseShape<T>(schema: z.ZodType<T>, json: unknown, expected: string): T {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new ManifeedError('BODY_INVALID', `read webhook body: unexpected shape: must be ${expected}`);
}

/** The host of a URL, with its port; null: it is no URL. */
export function hostOfUrl(url: string | undefined): string | null {
  return URL.parse(url ?? '')?.host ?? null;
}

/** Longest JSON inside JSON, in characters: it is parsed at once. Registries send some hundred. */
export const maxInnerLength = 64 * 1024;

/** Parses JSON inside JSON (SNS `Message`, Pub/Sub `data`); undefined if it is no JSON or too long. */
export function parseInner(inner: string): unknown {
  return inner.length > maxInnerLength ? undefined : jsonOrNothing(inner);
}

/**
 * Times as registries write them: RFC 3339 with 0 to 9 decimals, `+0000` or `+00:00`, local time without a zone,
 * seconds or milliseconds as integer or float.
 */
export interface Moment {
  /** What was written, ms since the epoch. */
  readonly at: number;
  /** The latest time that was meant: a time in whole seconds may be 999 ms later. */
  readonly until: number;
}

// No container registry is older. Excludes Go's zero time (year 1), 1970 and typos.
const earliestMs = Date.UTC(2013, 0, 1);
// What a `Date` can hold (ECMA-262, 21.4.1.1), less the end of a second.
const latestMs = 8.64e15 - 1_000;
const grammar =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?\s?([Zz]|[+-]\d{2}:?\d{2})?$/;
// Larger numbers are milliseconds: as seconds they would be the year 5138.
const secondsCeiling = 1e11;

/**
 * @param zone offset of a time without one, such as `+08:00`; default UTC
 * @returns null if the time is malformed or not believable
 */
export function parseMoment(value: unknown, zone = '+00:00'): Moment | null {
  if (typeof value === 'number') return fromNumber(value);
  if (typeof value !== 'string' || value.length > 64) return null;
  const match = grammar.exec(value);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, fraction, offset] = match;
  const utc = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  const ms = fraction === undefined ? 0 : Number(fraction.slice(0, 3).padEnd(3, '0'));
  return believable(utc + ms - offsetMs(offset ?? zone), fraction === undefined);
}

function fromNumber(value: number): Moment | null {
  const inSeconds = Math.abs(value) < secondsCeiling;
  return believable(Math.trunc(inSeconds ? value * 1000 : value), inSeconds && Number.isInteger(value));
}

function believable(at: number, wholeSeconds: boolean): Moment | null {
  if (!(at >= earliestMs && at <= latestMs)) return null;
  return { at, until: wholeSeconds ? at + 999 : at };
}

function offsetMs(offset: string): number {
  if (offset === 'Z' || offset === 'z') return 0;
  const sign = offset.startsWith('-') ? -1 : 1;
  const hours = Number(offset.slice(1, 3));
  return sign * (hours * 60 + Number(offset.slice(-2))) * 60_000;
}
