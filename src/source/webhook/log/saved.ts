import { z } from 'zod';
import type { SavedDelivery } from './deliveries.ts';

const schema = z.strictObject({
  savedDelivery: z.strictObject({
    hook: z.string(),
    at: z.iso.datetime(),
    address: z.string(),
    code: z.string(),
    reason: z.string(),
    headers: z.record(z.string(), z.string()),
    encoding: z.enum(['utf8', 'base64']),
    body: z.string(),
  }),
});

/** Reads the answer of `GET /v1/hooks?saved=NAME`; null: the bytes are something else. */
export function parseSavedDelivery(bytes: Buffer): SavedDelivery | null {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
  const parsed = schema.safeParse(json);
  return parsed.success ? parsed.data.savedDelivery : null;
}
