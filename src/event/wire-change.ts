/** A change as clients read it (PROTOCOL.md, "Change"), for parts that pass the wire form on. */
import { z } from 'zod';
import { changeTypes } from './change.ts';

const text = z.string().nullable();

const wireChange = z.object({
  /** `<epoch>-<sequence>` */
  position: z.string(),
  type: z.enum(changeTypes),
  /** Registry host in lower case, with its port if it has one. */
  registry: z.string(),
  repository: z.string(),
  /** Null for `manifest.*`. */
  tag: text,
  digest: text,
  previousDigest: text,
  mediaType: text,
  /** Bytes. */
  size: z.number().nullable(),
  /** RFC 3339, UTC, with milliseconds; so is `recordedAt`. */
  occurredAt: z.string(),
  recordedAt: z.string(),
  origin: z.string(),
  /** Platform to digest; null: not known; absent: not asked for. */
  platforms: z.record(z.string(), z.string()).nullable().optional(),
});

/** The members of `changeToJson`'s JSON. */
export type WireChange = Readonly<z.output<typeof wireChange>>;

/** Parses what `changeToJson` made. @throws if it is anything else */
export function parseWireChange(json: string): WireChange {
  return wireChange.parse(JSON.parse(json));
}
