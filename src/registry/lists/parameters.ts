/** Reads the parameters of lists. Other parameters are ignored: clients add their own. */
import { isTag } from '../../event/reference.ts';
import { type Moment, parseRfc3339 } from '../../event/rfc3339.ts';
import { badParameter } from '../errors.ts';

/** How many rows one answer has. */
export interface RowLimits {
  /** If the client names no number. */
  readonly standard: number;
  readonly most: number;
}

/** Lists of names. Clients ask for 1,000 and 10,000, and some stop at a page that is shorter. */
export const nameLimits: RowLimits = { standard: 10_000, most: 10_000 };
/** Lists in the form of an image index: oras reads at most 4 MiB. */
export const descriptorLimits: RowLimits = { standard: 100, most: 1_000 };

/** The value of a parameter; null: absent. @throws RegistryError if it is given twice */
export function parameterOf(query: URLSearchParams, name: string): string | null {
  const [value = null, ...more] = query.getAll(name);
  if (more.length > 0) throw badParameter(name, 'given once');
  return value;
}

/** `n`, 0 included. @throws RegistryError */
export function countOf(query: URLSearchParams, { standard, most }: RowLimits): number {
  const text = parameterOf(query, 'n');
  if (text === null) return standard;
  const count = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count <= most)) throw badParameter('n', `a whole number from 0 to ${most}`);
  return count;
}

/** One of these values; null: absent. @throws RegistryError */
export function choiceOf<Choice extends string>(
  query: URLSearchParams,
  name: string,
  choices: readonly Choice[],
): Choice | null {
  const text = parameterOf(query, name);
  if (text === null) return null;
  const chosen = choices.find((choice) => choice === text);
  if (chosen === undefined) throw badParameter(name, choices.join(' or '));
  return chosen;
}

/** A time; null: absent. @throws RegistryError */
export function momentOf(query: URLSearchParams, name: string): Moment | null {
  const text = parameterOf(query, name);
  if (text === null) return null;
  const moment = parseRfc3339(text);
  if (moment === null) throw badParameter(name, 'a time of RFC 3339, like 2026-11-23T20:00:00Z');
  return moment;
}

/** @param argument of the path. @throws RegistryError */
export function requireTag(argument: string): string {
  if (!isTag(argument)) throw badParameter('tag', '[A-Za-z0-9_][A-Za-z0-9._-]{0,127}');
  return argument;
}

/** The tag after which a list goes on; it need not exist. Null: none. @throws RegistryError */
export function lastTagOf(query: URLSearchParams): string | null {
  const last = parameterOf(query, 'last');
  if (last === null || last === '') return null;
  if (!isTag(last)) throw badParameter('last', 'a tag');
  return last;
}
