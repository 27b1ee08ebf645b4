/** What the bench says to its children over IPC, and what they answer. Times are `hrMs()`. */

/**
 * Milliseconds on the monotonic clock, which on one machine is the same for all processes: `performance.now()`
 * begins with each process, and `hrtime.bigint()` costs more in the driver, which asks 15,000 times a change.
 */
export function hrMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

/** To a server of the bench's own (not to the gateway). */
export interface PublishMessage {
  readonly kind: 'publish';
  /** The change as JSON. */
  readonly change: string;
}

export interface ListeningMessage {
  readonly kind: 'listening';
  readonly port: number;
}

/** To the probe that runs inside every server. */
export interface WatchStallsMessage {
  readonly kind: 'watch-stalls';
  readonly on: boolean;
}

/** To the probe: watch how long code holds the event loop, see `holds.ts`; and tell the longest, which ends it. */
export interface WatchHoldsMessage {
  readonly kind: 'watch-holds' | 'longest-hold';
}

/** From the probe. */
export interface HoldMessage {
  readonly kind: 'hold';
  readonly maxMs: number;
}

/** To the probe: collect garbage now, so that memory readings do not depend on when V8 last did. */
export interface CollectMessage {
  readonly kind: 'collect';
}

export interface CollectedMessage {
  readonly kind: 'collected';
}

/** From the probe, when watching ends. */
export interface StallMessage {
  readonly kind: 'stall';
  /** Longest time between two turns of the event loop, ms. */
  readonly maxMs: number;
}

/** To a driver: what to open. */
export interface OpenMessage {
  readonly kind: 'open';
  readonly port: number;
  readonly connections: number;
  /** Sent at once on every connection. */
  readonly request: string;
  /** Sent after the answer's head, in a masked text frame; null over SSE. */
  readonly subscribe: string | null;
  /** What the server sends when a subscription is live. */
  readonly readyMarker: string;
  /** Every n-th connection reads nothing after it is ready; 0: all read. */
  readonly stallEvery: number;
}

export interface OpenedMessage {
  readonly kind: 'opened';
  readonly connections: number;
  /** From the first connect to the last answer's head, and to the last ready, ms. */
  readonly headsMs: number;
  readonly readyMs: number;
}

/** To a driver: changes are about to be published; the arrivals are wanted. */
export interface ArmMessage {
  readonly kind: 'arm';
  /** How many; default 1. */
  readonly changes?: number;
}

export interface ArmedMessage {
  readonly kind: 'armed';
}

/** From a driver: every reading connection got the changes. */
export interface ArrivedMessage {
  readonly kind: 'arrived';
  /** hrMs of each arrival. */
  readonly at: Float64Array;
  /** Bytes that came in meanwhile, heartbeats included. */
  readonly bytes: number;
}

/** From a driver: something that makes the figures worthless. */
export interface FailedMessage {
  readonly kind: 'failed';
  readonly message: string;
}

export type ToServer = PublishMessage | WatchStallsMessage | WatchHoldsMessage | CollectMessage;
export type FromServer = ListeningMessage | StallMessage | HoldMessage | CollectedMessage;
export type ToDriver = OpenMessage | ArmMessage;
export type FromDriver = OpenedMessage | ArmedMessage | ArrivedMessage | FailedMessage;
