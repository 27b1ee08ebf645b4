import { z } from 'zod';
import { type Digest, isDigest } from '../event/digest.ts';
import type { Deferred } from '../event/observation.ts';
import { canonicalRegistry, isRepository, isTag } from '../event/reference.ts';
import { isTime } from '../event/time.ts';
import { RecordDamaged } from './loss.ts';

/** A digest as stored and exported. */
export const digestSchema = z.custom<Digest>(
  (value) => typeof value === 'string' && isDigest(value),
  'must be a digest, sha256:<64 hex> or sha512:<128 hex>',
);

/** ms since the epoch, within the range that a change can carry. */
export const timeSchema = z
  .number()
  .refine(isTime, 'must be a time in whole ms since 1970, up to the end of the year 9999');

/** Canonical names. They are checked because the gateway asks registries by them. */
export const namesSchema = {
  registry: z
    .string()
    .refine((host) => canonicalRegistry(host) === host, 'must be a registry host in lower case, host[:port]'),
  repository: z.string().refine(isRepository, 'must be a repository name, such as team/app'),
};

/** A tag as stored and exported. */
export const tagSchema = z.string().refine(isTag, 'must be a tag, [A-Za-z0-9_][A-Za-z0-9._-]{0,127}');

/** What a source writes: `poll`, or the name of a hook. Clients and the Redis codec see it as it is. */
export const originSchema = z
  .string()
  .regex(/^(?:poll|(?:webhook|publish):[A-Za-z0-9][A-Za-z0-9._-]{0,63})$/, {
    error: 'must be poll, webhook:<name> or publish:<name>',
  });

const common = {
  ...namesSchema,
  tag: tagSchema,
  saidAt: timeSchema.exactOptional(),
  keptAt: timeSchema.exactOptional(),
  occurredAt: timeSchema.exactOptional(),
  origin: originSchema,
  dedupeKey: z.null(),
  dedupeWindowMs: z.number().nonnegative().exactOptional(),
  looked: z.literal(true).exactOptional(),
  awaits: z.enum(['platforms', 'turn']).exactOptional(),
  waitsSince: timeSchema.exactOptional(),
};

/** A deferred observation as stored. Its delivery key is remembered already. */
export const pendingSchema = z.preprocess(
  fromEarlier,
  z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('tag'),
      ...common,
      digest: digestSchema.nullable(),
      mediaType: z.string().nullable(),
      size: z.number().int().nullable(),
      silent: z.boolean().exactOptional(),
    }),
    z.strictObject({ kind: z.literal('tag-gone'), ...common }),
  ]),
);

/** Earlier versions stored one time, `observedAt`: the sender's, or the arrival by the gateway's clock. */
function fromEarlier(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('observedAt' in value)) return value;
  const { observedAt, ...rest } = value;
  return { ...rest, occurredAt: 'occurredAt' in rest ? rest.occurredAt : observedAt };
}

/** As JSON, without the delivery key. */
export function encodePending(observation: Deferred): string {
  return JSON.stringify({ ...observation, dedupeKey: null });
}

/** Null if `encodePending` did not make the string. */
export function readPending(text: string): Deferred | null {
  try {
    return pendingSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** As `readPending`. @throws RecordDamaged instead of null; the message omits the string, which may be anything */
export function decodePending(text: string): Deferred {
  const observation = readPending(text);
  if (observation === null) throw new RecordDamaged('a tag that waits for its digest');
  return observation;
}
