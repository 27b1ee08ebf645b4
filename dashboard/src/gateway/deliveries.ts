import { line, list, nullable, number, object, type Read, string } from '../lib/read.ts';

/** Why a delivery was refused: it may quote the sender. The gateway keeps 500 characters. */
const reason = line(1_000);

const delivery = object({
  at: string,
  address: string,
  status: number,
  result: string,
  code: nullable(string),
  reason: nullable(reason),
  bytes: number,
});

const hook = object({
  name: string,
  kind: string,
  url: string,
  registry: nullable(string),
  counts: object({ accepted: number, refused: number, unverified: number }),
  lastDelivery: nullable(string),
  lastRefusal: nullable(object({ at: string, address: string, code: string, reason })),
  deliveries: list(delivery),
  unverified: list(delivery),
  savedDelivery: nullable(object({ at: string, bytes: number })),
});

/** `GET /v1/hooks` (PROTOCOL.md, section 12; docs/webhooks.md, "What came last?"). */
export const readDeliveries = object({
  hooks: list(hook),
  next: nullable(string),
  unknownNames: object({ count: number, last: nullable(object({ at: string, address: string })) }),
});

export type Hook = Read<typeof hook>;
export type Delivery = Read<typeof delivery>;
