/** Parses parameters with zod: those of a query, and the members of a WebSocket message. */
import { z } from 'zod';
import { invalidParameter } from '../errors.ts';
import { checkSchema, formatFaultPath } from '../lib/schema-faults.ts';

/** Larger than the limits that judge lists later; it only bounds the parser's work. */
const maxListed = 100_000;

/**
 * A list in JSON; in a query a parameter that repeats. One string is a list of one. An empty list is refused: a
 * client that computed it wants nothing, and would get everything.
 */
export const list = z
  .union([z.string(), z.array(z.string()).min(1).max(maxListed)], {
    error: 'must be a string, or a list of one or more strings',
  })
  .transform((value) => (typeof value === 'string' ? [value] : value));

/** A boolean; in a query `true`, `1` or empty for yes, `false` or `0` for no. */
export const flag = z.union(
  [
    z.boolean(),
    z.enum(['true', 'false', '1', '0', '']).transform((value) => value !== 'false' && value !== '0'),
  ],
  { error: 'must be true or false' },
);

/** Most entries of one answer. */
const maxCount = 1_000;

/** Characters of an unknown parameter's name that its error repeats. */
const maxNamed = 100;

/** Parameters that every stream ignores: the token is read elsewhere, `_` defeats caches. */
export const ignoredParameters: ReadonlySet<string> = new Set(['access_token', '_']);

/** Parses a query; a parameter that repeats is a list. @throws PARAMETER_INVALID naming the parameter */
export function parseQuery<Shape extends z.ZodRawShape>(
  query: URLSearchParams,
  schema: z.ZodObject<Shape, z.core.$strict>,
): z.infer<z.ZodObject<Shape, z.core.$strict>> {
  // No prototype: `__proto__` must be refused by its name, like any unknown parameter.
  const members: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of query) {
    if (ignoredParameters.has(name)) continue;
    // Before they are gathered: one query may have ten thousand unknown names.
    if (!Object.hasOwn(schema.shape, name)) throw unknownParameter(name, schema);
    const before = members[name];
    if (before === undefined) members[name] = value;
    // Not copied: one query may repeat a parameter ten thousand times.
    else if (Array.isArray(before)) before.push(value);
    else members[name] = [before, value];
  }
  return parseMembers(members, schema);
}

/** Like `parseQuery`, for a JSON object. */
export function parseMembers<Shape extends z.ZodRawShape>(
  members: unknown,
  schema: z.ZodObject<Shape, z.core.$strict>,
): z.infer<z.ZodObject<Shape, z.core.$strict>> {
  const result = checkSchema(schema, members);
  if (result.ok) return result.data;
  const [{ path, found, rule, unknown }] = result.faults;
  const parameter = String(path[0] ?? 'query');
  if (unknown) throw unknownParameter(parameter, schema);
  throw invalidParameter(
    parameter.slice(0, maxNamed),
    `${formatFaultPath(path) || 'query'}: ${found}: ${rule}`,
  );
}

/** @param name may be as long as the client's message */
function unknownParameter(name: string, schema: z.ZodObject): Error {
  const parameter = name.slice(0, maxNamed);
  const known = Object.keys(schema.shape).join(', ');
  return invalidParameter(parameter, `${parameter}: no such parameter: must be one of ${known}`);
}

/** Reads a number of entries, `n`, at least `least`. Undefined: absent. @throws PARAMETER_INVALID naming `n` */
export function parseCount(text: string | undefined, least = 1): number | undefined {
  if (text === undefined) return undefined;
  const count = /^\d{1,6}$/.test(text) ? Number(text) : -1;
  if (count >= least && count <= maxCount) return count;
  throw invalidParameter('n', `n: ${quote(text)}: must be a number from ${least} to ${maxCount}`);
}

/** A client's string for an error message: at most 100 characters, as JSON. */
export function quote(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
