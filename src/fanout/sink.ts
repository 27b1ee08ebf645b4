/** What the hub needs of a transport. A transport owns its socket and its encoding. */
import type { Change } from '../event/change.ts';
import type { TagState } from '../ledger/ledger.ts';

/** How one transport writes a change. One object for each (transport, format): its bytes are shared by all sinks. */
export interface Encoding {
  /** For metrics: one of `transports`. */
  readonly transport: string;
  readonly format: 'manifeed' | 'cloudevents';
  /**
   * @param json the change in `format`, one line
   * @param resume the position that the subscriber may resume after once it has these bytes
   * @param change what `json` was made of
   */
  change(json: string, resume: string, change: Change): Buffer;
}

/** Those of the gateway, for metrics. */
export const transports: readonly string[] = ['sse', 'websocket', 'long-poll', 'target'];

/** Why a position can't be honoured. */
export type ResetReason = 'epoch' | 'below-floor' | 'ahead-of-head' | 'continuity-lost';

/** Everything a subscriber receives besides changes. `id` is the subscription's, if the transport has several. */
export type Control =
  | { readonly kind: 'subscribed'; readonly id: string }
  | { readonly kind: 'state'; readonly id: string; readonly tag: TagState }
  | { readonly kind: 'ready'; readonly id: string; readonly position: string }
  | {
      readonly kind: 'reset';
      readonly id: string;
      readonly reason: ResetReason;
      /** Where the stream continues. */
      readonly position: string;
      /** The oldest position that can be resumed. */
      readonly floor: string;
    };

/** Why the gateway ends a connection that did nothing wrong: codes of `errors.ts`. */
export type Farewell = 'DRAINING' | 'LIFETIME' | 'TOO_SLOW' | 'UNAVAILABLE' | 'INTERNAL';

/** Where one subscriber's bytes go. */
export interface Sink {
  readonly encoding: Encoding;
  /** The client's address, for operators: behind a trusted proxy as limits count it (`lib/address-group.ts`). */
  readonly address: string;
  /** A part of this gateway: it is not closed for being slow, or for having been connected for long. */
  readonly lasts?: boolean;
  /** Queues bytes. False: the socket's backlog is at its cap; write no more until `Subscriber.drained()`. */
  write(bytes: Buffer): boolean;
  /** Like `write`, for a control message. */
  tell(control: Control): boolean;
  /** A heartbeat. `bookmark` is the resume position at this moment. */
  beat(bookmark: string): void;
  /** Sends a last bookmark and closes. Idempotent. */
  end(why: Farewell, bookmark: string, retryMs: number): void;
}

/** The encodings of one transport, by format. */
export type Encodings = { readonly [format in Encoding['format']]: Encoding };

/** Makes one encoding for each format, once per process: its bytes are shared. @param transport for metrics */
export function encodings(transport: string, change: Encoding['change']): Encodings {
  return {
    manifeed: { transport, format: 'manifeed', change },
    cloudevents: { transport, format: 'cloudevents', change },
  };
}
