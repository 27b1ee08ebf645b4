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
    const before = members[name];
    if (before === undefined) members[name] = value;
    else members[name] = Array.isArray(before) ? [...before, value] : [before, value];
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
  // An unknown name may be as long as the client's message.
  const parameter = String(path[0] ?? 'query').slice(0, maxNamed);
  const known = Object.keys(schema.shape).join(', ');
  throw invalidParameter(
    parameter,
    unknown
      ? `parse ${parameter}: no such parameter: must be one of ${known}`
      : `parse ${formatFaultPath(path) || 'query'}: ${found}: ${rule}`,
  );
}

/** A client's string for an error message: at most 100 characters, as JSON. */
export function quote(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
