import { boolean, line, list, nullable, number, object, type Read, string } from '../lib/read.ts';

/** A part of a filter: a subscriber may write anything there, in at most 256 characters. */
const pattern = line(300);

const subscription = object({
  id: string,
  repository: list(pattern),
  tag: list(pattern),
  type: list(pattern),
  platform: list(pattern),
  more: number,
});

const subscriber = object({
  number,
  transport: string,
  format: string,
  address: string,
  /** Its name: any text that the operator wrote. */
  token: nullable(line(200)),
  state: string,
  paced: boolean,
  conflate: boolean,
  connectedAt: string,
  position: nullable(string),
  lag: number,
  heldUntil: nullable(string),
  blockedSince: nullable(string),
  subscriptions: list(subscription),
  moreSubscriptions: number,
});

/** `GET /v1/subscribers` (PROTOCOL.md, section 12). */
export const readSubscribers = object({ subscribers: list(subscriber), next: nullable(string) });

export type SubscriberRow = Read<typeof subscriber>;
/** The target that a subscriber is. Null: it is a client. */
export function targetOf({ transport, token }: Pick<SubscriberRow, 'transport' | 'token'>): string | null {
  const name = /^target:(.+)$/.exec(token ?? '')?.[1];
  return transport === 'target' && name !== undefined ? name : null;
}

export type ShownSubscription = Read<typeof subscription>;
