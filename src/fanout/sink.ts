/** What the hub needs of a transport. A transport owns its socket and its encoding; it decides nothing. */
import type { Change } from '../event/change.ts';
import type { TagState } from '../ledger/ledger.ts';

/**
 * How one transport writes a change. One object for each (transport, format), made once for the process: the
 * hub shares the bytes it returns between all subscribers whose sink names the same encoding.
 */
export interface Encoding {
  /** For metrics: `sse`, `websocket`, `long-poll`. */
  readonly transport: string;
  readonly format: 'manifeed' | 'cloudevents';
  /**
   * @param json the change in `format`, one line
   * @param resume the position that the subscriber may resume after once it has these bytes
   * @param change what `json` was made of
   */
  change(json: string, resume: string, change: Change): Buffer;
}

/** Why a position can't be honoured. */
export type ResetReason = 'epoch' | 'below-floor' | 'ahead-of-head' | 'continuity-lost';

/** Everything a subscriber is told besides changes. `id` is the subscription's, where the transport has several. */
export type Control =
  | { readonly kind: 'subscribed'; readonly id: string }
  | { readonly kind: 'state'; readonly id: string; readonly tag: TagState }
  | { readonly kind: 'ready'; readonly id: string; readonly position: string }
  | {
      readonly kind: 'reset';
      readonly id: string;
      readonly reason: ResetReason;
      /** Where the stream goes on. */
      readonly position: string;
      /** The oldest position that can be resumed. */
      readonly floor: string;
    };

/** Why the gateway ends a connection that did nothing wrong. Each is a code of `errors.ts`. */
export type Farewell = 'DRAINING' | 'LIFETIME' | 'TOO_SLOW' | 'UNAVAILABLE' | 'INTERNAL';

export interface Sink {
  readonly encoding: Encoding;
  /** Queues bytes. False: the socket's backlog is at its cap, write no more until `Subscriber.drained()`. */
  write(bytes: Buffer): boolean;
  /** As `write`, for everything that is not a change. */
  tell(control: Control): boolean;
  /** A heartbeat. `bookmark` is the resume position at this moment. */
  beat(bookmark: string): void;
  /** Says goodbye with a last bookmark and closes. Idempotent. */
  end(why: Farewell, bookmark: string, retryMs: number): void;
}
