import { list, nullable, number, object, type Read, string } from '../lib/read.ts';

const delivery = object({
  at: string,
  address: string,
  status: number,
  result: string,
  code: nullable(string),
  reason: nullable(string),
  bytes: number,
});

const hook = object({
  name: string,
  kind: string,
  url: string,
  registry: nullable(string),
  counts: object({ accepted: number, refused: number, unverified: number }),
  lastDelivery: nullable(string),
  lastRefusal: nullable(object({ at: string, address: string, code: string, reason: string })),
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
