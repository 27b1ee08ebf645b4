import type { z } from 'zod';
import { invalidParameter } from '../errors.ts';
import { checkSchema, formatFaultPath } from '../lib/schema-faults.ts';

/** Reads a JSON body. @param action begins the error: `set pace` @throws PARAMETER_INVALID naming the member */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown, action: string): T {
  const result = checkSchema(schema, body);
  if (result.ok) return result.data;
  const [{ path, found, rule }] = result.faults;
  const parameter = formatFaultPath(path).slice(0, 100) || 'body';
  throw invalidParameter(parameter, `${action}: ${parameter}: ${found}: ${rule}`);
}
