/** What the gateway's thread and the ledger's worker say to each other: one reply to each request. */
import type { ErrorCode, ErrorDetail } from '../../errors.ts';
import { ManifeedError } from '../../errors.ts';
import type { PendingObservation } from '../../event/observation.ts';
import type { Bounds, Page, TagPage, TagQuery } from '../ledger.ts';
import type { LedgerRow } from '../transfer.ts';
import type { Call, CallResult } from './call.ts';
import type { Notice } from './health.ts';
import type { SqliteStoreOptions } from './store.ts';

/** Each kind of request: what it asks with, and what comes back. Times are ms since the epoch. */
export interface Exchanges {
  readonly open: { readonly ask: SqliteStoreOptions; readonly reply: Bounds };
  readonly bounds: { readonly ask: object; readonly reply: Bounds };
  readonly commit: {
    readonly ask: { readonly calls: readonly Call[]; readonly now: number; readonly monotonic: number };
    readonly reply: readonly CallResult[];
  };
  readonly claimPending: {
    readonly ask: {
      readonly limit: number;
      readonly leaseMs: number;
      readonly now: number;
      readonly monotonic: number;
    };
    readonly reply: readonly PendingObservation[];
  };
  readonly read: {
    readonly ask: {
      readonly after: number;
      readonly limit: number;
      readonly repositories?: readonly string[] | undefined;
    };
    readonly reply: Page;
  };
  readonly seek: { readonly ask: { readonly time: number }; readonly reply: number };
  readonly tags: { readonly ask: TagQuery; readonly reply: TagPage };
  readonly baselines: {
    readonly ask: { readonly registry: string; readonly repository: string };
    readonly reply: readonly string[];
  };
  readonly check: { readonly ask: object; readonly reply: undefined };
  readonly trim: {
    readonly ask: { readonly now: number; readonly monotonic: number; readonly hasStood: boolean };
    readonly reply: { readonly bounds: Bounds; readonly done: boolean };
  };
  /** True: the whole ledger has been looked at. */
  readonly scrub: { readonly ask: object; readonly reply: boolean };
  readonly exportStart: { readonly ask: object; readonly reply: undefined };
  /** No rows: the export is at its end. */
  readonly exportNext: { readonly ask: object; readonly reply: readonly LedgerRow[] };
  readonly exportEnd: { readonly ask: object; readonly reply: undefined };
  readonly importStart: { readonly ask: object; readonly reply: undefined };
  readonly importNext: { readonly ask: { readonly rows: readonly LedgerRow[] }; readonly reply: undefined };
  /** Not whole: all that was imported is taken back. */
  readonly importEnd: { readonly ask: { readonly isWhole: boolean }; readonly reply: Bounds };
  /** The worker ends after its reply. */
  readonly close: { readonly ask: object; readonly reply: undefined };
}

export type Kind = keyof Exchanges;
export type Ask<K extends Kind> = Exchanges[K]['ask'];
export type Reply<K extends Kind> = Exchanges[K]['reply'];

/** A request of any kind, with what that kind asks. */
export type Request = { [K in Kind]: { readonly kind: K; readonly ask: Ask<K> } }[Kind];

export interface RequestMessage {
  readonly id: number;
  readonly request: Request;
}

export type ReplyMessage = (
  | { readonly id: number; readonly ok: true; readonly reply: unknown }
  | { readonly id: number; readonly ok: false; readonly failure: Failure }
) & { readonly notices?: readonly Notice[] };

/** An error as it crosses threads: a structured clone would lose its class, code and detail. */
export interface Failure {
  /** Null: a defect, not an error that a client may see. */
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly detail: ErrorDetail | undefined;
  readonly stack: string | undefined;
}

export function toFailure(error: unknown): Failure {
  if (error instanceof ManifeedError) {
    const { code, message, detail, stack } = error;
    return { code, message, detail, stack };
  }
  if (error instanceof Error) {
    const { message, stack } = error;
    return { code: null, message, detail: undefined, stack };
  }
  return { code: null, message: String(error), detail: undefined, stack: undefined };
}

export function toError({ code, message, detail, stack }: Failure): Error {
  const error =
    code === null
      ? new Error(message)
      : new ManifeedError(code, message, detail === undefined ? {} : { detail });
  if (stack !== undefined) error.stack = stack;
  return error;
}
