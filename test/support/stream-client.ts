/** What the clients of all transports share, so that one suite can test each. */
import type { Inbox } from './inbox.ts';

/** The members of a change on the wire that tests use. */
export interface WireChange {
  readonly position: string;
  readonly type: string;
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | null;
  readonly digest: string | null;
  readonly previousDigest: string | null;
}

export type Message =
  | { readonly kind: 'change'; readonly resume: string; readonly change: WireChange; readonly text: string }
  | { readonly kind: 'state'; readonly state: { readonly tag: string; readonly digest: string | null } }
  | { readonly kind: 'ready'; readonly position: string }
  | { readonly kind: 'reset'; readonly reason: string; readonly position: string; readonly floor: string }
  | { readonly kind: 'bookmark'; readonly position: string }
  | {
      readonly kind: 'bye';
      readonly reason: string;
      readonly position: string | null;
      readonly retryMs: number;
    }
  /** Anything else that the transport sends: SSE's `retry`, WebSocket's `subscribed`, `error`, … */
  | { readonly kind: 'other'; readonly text: string };

export type Kind = Message['kind'];

/** A predicate for `Inbox.until`: messages of one kind. */
export function of<K extends Kind>(kind: K): (message: Message) => message is Extract<Message, { kind: K }> {
  return (message): message is Extract<Message, { kind: K }> => message.kind === kind;
}

/** A refusal in any transport's form. */
export interface Refusal {
  /** HTTP status. For a WebSocket error message, the HTTP status of its code. */
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly detail: { readonly parameter?: string } | null;
  readonly headers: Readonly<Record<string, string>>;
}

export class RefusedError extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(`open stream: refused: ${refusal.status} ${refusal.code}: ${refusal.message}`);
    this.refusal = refusal;
  }
}

export interface StreamClient {
  readonly inbox: Inbox<Message>;
  /** Resolves when the connection has ended, to the close code if the transport has one. */
  readonly closed: Promise<number | null>;
  /** Leaves without a closing handshake. */
  close(): void;
}

/** Query parameters, or members of `subscribe`. */
export type Params = Readonly<Record<string, string | readonly string[]>>;

export interface OpenOptions {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The loopback address to connect from. Default 127.0.0.1. Long-poll ignores it. */
  readonly localAddress?: string;
}

export function toQuery(params: Params): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const each of typeof value === 'string' ? [value] : value) query.append(name, each);
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

/** Parses the `{"errors":[…]}` of a refused request. */
export function toRefusal(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>>,
): RefusedError {
  const { errors } = JSON.parse(body) as { errors: [Omit<Refusal, 'status' | 'headers'>] };
  return new RefusedError({ status, ...errors[0], headers });
}
