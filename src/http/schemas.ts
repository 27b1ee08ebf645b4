/** Schemas of answers that several endpoints share. They describe what is sent; nothing is parsed with them. */
import { z } from 'zod';

export const anyJson = z.looseObject({});

export const changeSchema = z
  .looseObject({
    position: z.string().describe('Where the change stands in the ledger: `<epoch>-<sequence>`'),
    type: z.string(),
    registry: z.string(),
    repository: z.string(),
    tag: z.string().nullable(),
    digest: z.string().nullable(),
    previousDigest: z.string().nullable(),
    mediaType: z.string().nullable(),
    size: z.number().nullable(),
    occurredAt: z.string(),
    recordedAt: z.string(),
    origin: z.string(),
    timestamp: z.string(),
  })
  .describe('A change; with `format=cloudevents` a CloudEvents 1.0 JSON object');
