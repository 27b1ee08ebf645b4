/** Building blocks of the kinds' schemas: they check what matters, and ignore everything else. */
import { z } from 'zod';
import { ManifeedError } from '../../../errors.ts';
import { jsonOrNothing } from '../../../lib/json.ts';

/** A string, or absent. A member of another type counts as absent, so one odd field loses no delivery. */
export const text = z.string().optional().catch(undefined);
/** A number, or absent. */
export const number = z.number().optional().catch(undefined);
/** RFC 3339 text or a number of seconds; `moment.ts` reads it. */
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
