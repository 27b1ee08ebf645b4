/** Where the installed client runs: in this process, or in a page. */
import type { FeedEvent, FeedStatus, Filter, TagState, TransportName } from '../../../../client/src/index.ts';

export interface FollowOptions {
  readonly url: string;
  readonly transport: 'auto' | TransportName;
  readonly filter: Filter;
  readonly after?: string;
  /** Given one after the other, the last one for ever. Default: no token. */
  readonly tokens?: readonly string[];
  /** What the client takes for a random number. Default 0.02, so that waits are short. */
  readonly jitter?: number;
  /** Keeps a tag table in place of a list of events. */
  readonly table?: boolean;
}

/** An error as the follower tells it. */
export interface ToldError {
  readonly code: string | null;
  readonly status?: number | null;
  readonly closeCode?: number | null;
  readonly detail?: Readonly<Record<string, unknown>> | null;
  readonly message?: string;
}

/** What the follower has heard so far. */
export interface Told {
  readonly events: readonly FeedEvent[];
  readonly statuses: readonly (
    | Exclude<FeedStatus, { why: unknown }>
    | { state: 'waiting'; why: ToldError }
  )[];
  /** Null: it goes on. Code null: it ended without an error. */
  readonly ended: ToldError | null;
  /** The tag table. */
  readonly rows: Readonly<Record<string, TagState>> | null;
  /** How often the token function was asked. */
  readonly asked: number;
}

export interface Followed {
  told(): Promise<Told>;
  reconnect(): Promise<void>;
  close(): Promise<void>;
}

export interface Runner {
  /** The origin of the page; null: none. */
  readonly origin: string | null;
  follow(options: FollowOptions): Promise<Followed>;
  close(): Promise<void>;
}
