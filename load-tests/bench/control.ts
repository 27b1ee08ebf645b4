/** The messages between the bench and its children over IPC. Times are `hrMs()`. */

/**
 * Monotonic ms, on the same clock in all processes of a machine. `performance.now()` begins with each process,
 * and `hrtime.bigint()` costs too much in a driver, which calls this 15,000 times per change.
 */
export function hrMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

/** To one of the bench's own servers, not to the gateway. */
export interface PublishMessage {
  readonly kind: 'publish';
  /** The change as JSON. */
  readonly change: string;
}

export interface ListeningMessage {
  readonly kind: 'listening';
  readonly port: number;
}

/** To the probe that runs in every server. */
export interface WatchStallsMessage {
  readonly kind: 'watch-stalls';
  readonly on: boolean;
}

/** To the probe: begin to watch for holds (see `holds.ts`); or end it and report the longest. */
export interface WatchHoldsMessage {
  readonly kind: 'watch-holds' | 'longest-hold';
}

export interface HoldMessage {
  readonly kind: 'hold';
  readonly maxMs: number;
}

/** To the probe: collect garbage, so that memory readings do not depend on V8's last collection. */
export interface CollectMessage {
  readonly kind: 'collect';
}

export interface CollectedMessage {
  readonly kind: 'collected';
}

/** From the probe, when it stops watching. */
export interface StallMessage {
  readonly kind: 'stall';
  /** Longest time between two turns of the event loop, ms. */
  readonly maxMs: number;
}

/** To a driver: open connections. */
export interface OpenMessage {
  readonly kind: 'open';
  readonly port: number;
  readonly connections: number;
  /** Sent immediately on every connection. */
  readonly request: string;
  /** Sent in a masked text frame after the answer's head; null over SSE. */
  readonly subscribe: string | null;
  /** The bytes by which a server marks a subscription as live. */
  readonly readyMarker: string;
  /** Every n-th connection stops reading once it is ready; 0 for none. */
  readonly stallEvery: number;
}

export interface OpenedMessage {
  readonly kind: 'opened';
  readonly connections: number;
  /** From the first connect to the last answer's head, and to the last ready, ms. */
  readonly headsMs: number;
  readonly readyMs: number;
}

/** To a driver: record the arrivals of the changes that follow. */
export interface ArmMessage {
  readonly kind: 'arm';
  /** Number of changes; default 1. */
  readonly changes?: number;
}

export interface ArmedMessage {
  readonly kind: 'armed';
}

/** From a driver: every connection that reads has the changes. */
export interface ArrivedMessage {
  readonly kind: 'arrived';
  /** `hrMs()` of each arrival. */
  readonly at: Float64Array;
  /** Bytes received meanwhile, heartbeats included. */
  readonly bytes: number;
}

/** From a driver: something that invalidates the figures. */
export interface FailedMessage {
  readonly kind: 'failed';
  readonly message: string;
}

export type ToServer = PublishMessage | WatchStallsMessage | WatchHoldsMessage | CollectMessage;
export type FromServer = ListeningMessage | StallMessage | HoldMessage | CollectedMessage;
export type ToDriver = OpenMessage | ArmMessage;
export type FromDriver = OpenedMessage | ArmedMessage | ArrivedMessage | FailedMessage;
