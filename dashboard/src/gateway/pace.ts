import { list, nullable, number, object, type Read, record, string } from '../lib/read.ts';

const override = object({ pattern: nullable(string), deliveriesPerSecond: number, forMs: nullable(number) });

/** `GET` and `PUT /v1/pace` (PROTOCOL.md, section 12). */
export const readPace = object({
  deliveriesPerSecond: number,
  configuredDeliveriesPerSecond: number,
  overrides: list(override),
  heldDeliveries: number,
  windowMs: number,
  waitingReplays: number,
  deliveries: number,
  registries: record(number),
  gateway: string,
});

export type Pace = Read<typeof readPace>;
export type PaceOverride = Read<typeof override>;
