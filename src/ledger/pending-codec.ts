import { z } from 'zod';
import { type Digest, isDigest } from '../event/digest.ts';
import type { TagObserved } from '../event/observation.ts';

export const digestSchema = z.custom<Digest>(
  (value) => typeof value === 'string' && isDigest(value),
  'must be a digest, sha256:<64 hex> or sha512:<128 hex>',
);

/** A deferred observation as it is stored; its delivery key is spent. */
export const pendingSchema = z.object({
  kind: z.literal('tag'),
  registry: z.string(),
  repository: z.string(),
  tag: z.string(),
  digest: digestSchema.nullable(),
  mediaType: z.string().nullable(),
  size: z.number().int().nullable(),
  observedAt: z.number().int(),
  occurredAt: z.number().int().exactOptional(),
  origin: z.string(),
  silent: z.boolean().exactOptional(),
  dedupeKey: z.null(),
  dedupeWindowMs: z.number().exactOptional(),
});

export function encodePending(observation: TagObserved): string {
  return JSON.stringify({ ...observation, dedupeKey: null });
}

/** @throws where the text is not what `encodePending` made */
export function decodePending(text: string): TagObserved {
  return pendingSchema.parse(JSON.parse(text));
}
