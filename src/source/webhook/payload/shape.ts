/** Building blocks of the kinds' schemas: what matters is checked, everything else is let through unseen. */
import { z } from 'zod';
import { ManifeedError } from '../../../errors.ts';

/** A string, or absent: a member of another type counts as absent, so that one odd field loses no delivery. */
export const text = z.string().optional().catch(undefined);
export const number = z.number().optional().catch(undefined);
/** RFC 3339 text or a number of seconds; `moment.ts` reads it. */
export const time = z.union([z.string(), z.number()]).optional().catch(undefined);

/** An array of anything. Looked at and not copied, since its length is checked only afterwards. */
export const list = z.custom<readonly unknown[]>(Array.isArray);

/** A nested object that may be absent or of another type. */
export function maybe<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.object(shape).optional().catch(undefined);
}

/** @throws BODY_INVALID with what the kind expects; never with the body's own text */
export function parseShape<T>(schema: z.ZodType<T>, json: unknown, expected: string): T {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new ManifeedError('BODY_INVALID', `read webhook body: unexpected shape: must be ${expected}`);
}

/** Characters of JSON inside JSON: what SNS allows a message; those of registries have some hundred. */
const maxInnerLength = 256 * 1024;

/** Parses JSON inside JSON (SNS `Message`, Pub/Sub `data`); undefined where it is none, or too long. */
export function parseInner(inner: string): unknown {
  if (inner.length > maxInnerLength) return undefined;
  try {
    return JSON.parse(inner);
  } catch {
    return undefined;
  }
}
