import { z } from 'zod';

const savedSchema = z.strictObject({
  hook: z.string(),
  at: z.iso.datetime(),
  address: z.string(),
  code: z.string(),
  reason: z.string(),
  headers: z.record(z.string(), z.string()),
  encoding: z.enum(['utf8', 'base64']),
  body: z.string(),
});
const answerSchema = z.strictObject({ savedDelivery: savedSchema });

/** A body as a JSON string, with the headers that say how to read it. It holds no credential. */
export type SavedDelivery = z.infer<typeof savedSchema>;

/** Reads the answer of `GET /v1/hooks?saved=NAME`; null: the bytes are something else. */
export function parseSavedDelivery(bytes: Buffer): SavedDelivery | null {
  try {
    return answerSchema.parse(JSON.parse(bytes.toString('utf8'))).savedDelivery;
  } catch {
    return null;
  }
}
