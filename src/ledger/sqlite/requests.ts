/** What the gateway asks of the worker, and the replies; both ends take their types from here. */
import { type ErrorCode, type ErrorDetail, ManifeedError } from '../../errors.ts';
import type { SqliteCursors } from './cursors.ts';
import type { Notice } from './health.ts';
import type { SqliteManifests } from './manifests.ts';
import type { SqliteQueries } from './queries/queries.ts';
import type { SqliteStore, SqliteStoreOptions } from './store.ts';

type Asked = Omit<SqliteStore, 'health' | 'close' | 'queries' | 'manifests' | 'cursors'> &
  SqliteQueries &
  SqliteManifests &
  SqliteCursors;

/** The method of the store, its queries, manifests or cursors that is called. */
export type Kind = keyof Asked;
/** Its arguments. */
export type Ask<K extends Kind> = Parameters<Asked[K]>;
/** What it returns. */
export type Reply<K extends Kind> = ReturnType<Asked[K]>;

/** From the gateway to the worker. */
export type RequestMessage = { readonly id: number } /** Comes first; the reply is the bounds. */ & (
  | { readonly kind: 'open'; readonly options: SqliteStoreOptions }
  /** The worker ends after its reply. */
  | { readonly kind: 'close' }
  /** The method's arguments; only the link makes these. */
  | { readonly kind: 'ask'; readonly of: Kind; readonly args: readonly unknown[] }
);

/** From the worker to the gateway: one for each request, with the same id. */
export type ReplyMessage = (
  | { readonly id: number; readonly ok: true; readonly reply: unknown }
  | { readonly id: number; readonly ok: false; readonly failure: Failure }
) & { readonly notices?: readonly Notice[] };

/** An error as it crosses threads: a structured clone would lose its class, code and detail. */
interface Failure {
  /** Null: a defect, which clients do not see. */
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly detail: ErrorDetail | undefined;
  readonly stack: string | undefined;
}

/** Any thrown value, to be sent. */
export function toFailure(error: unknown): Failure {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const { code, detail } = error instanceof ManifeedError ? error : { code: null, detail: undefined };
  return { code, message, detail, stack };
}

/** The error that was sent, with its class and stack. */
export function toError({ code, message, detail, stack }: Failure): Error {
  const error =
    code === null
      ? new Error(message)
      : new ManifeedError(code, message, detail === undefined ? {} : { detail });
  if (stack !== undefined) error.stack = stack;
  return error;
}
