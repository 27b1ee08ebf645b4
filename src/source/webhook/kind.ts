/** The port of a webhook kind. To add one, write one file in `kinds/` and one line in `kinds.ts`. */
import type { Clock } from '../../lib/clock.ts';
import type { Collector } from './collector.ts';

/** Work that lets others run at each `yield`. */
export type Steps<Result> = Generator<undefined, Result, undefined>;

/** One configured webhook, already checked. Absent members are undefined. */
export interface HookOptions {
  /** Last segment of its URL, `/v1/hooks/<name>`. */
  readonly name: string;
  readonly kind: string;
  /** Host of the images in its events; takes precedence over the payload's. */
  readonly registry?: string | undefined;
  /** HMAC key. */
  readonly secret?: string | undefined;
  /** Value of a static header. */
  readonly token?: string | undefined;
  /** The header that carries `token`; default the kind's, else `authorization` (also as `Bearer <token>`). */
  readonly tokenHeader?: string | undefined;
  /** HTTP Basic; both or none. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** A secret in the URL, `/v1/hooks/<name>/<pathToken>`, for senders that can do nothing else. */
  readonly pathToken?: string | undefined;
  /** ECR over SNS: the topic ARNs that may send. */
  readonly topics?: readonly string[] | undefined;
  /** ECR over SNS: certificates to trust instead of fetched ones, PEM. */
  readonly certificates?: string | undefined;
  /** GAR: `aud` of Google's token. */
  readonly audience?: string | undefined;
  /** GAR: the service account that pushes. */
  readonly email?: string | undefined;
  /** GAR: file or URL of the key set; default Google's. */
  readonly jwks?: string | undefined;
  /** Must be set for a hook that asks for no proof. */
  readonly verify?: 'none' | undefined;
  /** Body cap in bytes; default `defaultMaxBytes`. */
  readonly maxBytes?: number | undefined;
}

/** GitHub's cap is 25 MB, but its package events stay far below this, as does an envelope of 10,000 events. */
export const defaultMaxBytes = 4 * 1024 * 1024;

/** Lower-case names, as Node gives them. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What is known of a request before its body is read. */
export interface Head {
  readonly headers: Headers;
  readonly pathToken?: string | undefined;
}

/** A request with its body. */
export interface Incoming extends Head {
  /** The raw body; for a GET the decoded `payload` of the query. */
  readonly body: Buffer;
}

/** A delivery whose sender is verified. */
export interface Delivery {
  readonly headers: Headers;
  readonly body: Buffer;
  readonly json: unknown;
}

/** GETs a string over TLS. It follows no redirect, resolves only for 200, and rejects an answer over a limit. */
export type FetchText = (url: string, limits: { maxBytes: number; timeoutMs: number }) => Promise<string>;

/** What proofs need beyond the request. */
export interface ProofTools {
  readonly clock: Clock;
  readonly fetchText: FetchText;
}

/** Judges what a head carries. @throws UNAVAILABLE if a key could not be fetched: the sender should retry */
export type HeadCheck = (head: Head) => boolean | Promise<boolean>;
/**
 * Judges what only the body carries.
 *
 * @param payload the bytes of the JSON: the body, or the content of a form's `payload`
 * @throws UNAVAILABLE if a key could not be fetched: the sender should retry
 */
export type BodyCheck = (incoming: Incoming, payload: Buffer) => boolean | Promise<boolean>;

interface ProofChecks {
  /** Whether the head carries the proof or, if `body` is given, announces it. If not, the body is not read. */
  readonly head: HeadCheck;
  /** Given if a head alone proves nothing, because anyone could send it. */
  readonly body?: BodyCheck;
}

/** A fault of a configured hook. The message names what was found and what is needed. */
export interface HookFault {
  /** The member; null: the hook as a whole. */
  readonly key: keyof HookOptions | null;
  readonly message: string;
}

/** One way in which senders prove who they are: its settings, and how it is checked. */
export interface Proof {
  /** How messages name it: `username and password`. */
  readonly name: string;
  /** The settings that belong to this proof alone. */
  readonly settings: readonly (keyof HookOptions)[];
  isAsked(hook: HookOptions): boolean;
  /** What is wrong in the combination of its settings. */
  faults?(hook: HookOptions, kind: WebhookKind): readonly HookFault[];
  /** Tells an operator where a request carries the proof, never its value. */
  expects(hook: HookOptions, kind: WebhookKind): string;
  /** Called only if `isAsked`. */
  checks(hook: HookOptions, kind: WebhookKind, tools: ProofTools): ProofChecks;
}

/** Which bodies a kind takes besides JSON (`application/json`, `text/json`, anything `+json`, or no type at all). */
export type ExtraMedia =
  /** A form whose `payload` member is the JSON. */
  | 'form-payload'
  /** JSON sent as a form by `curl -d`. */
  | 'form-json'
  /** JSON sent as text (SNS, and `fetch` with a string body). */
  | 'text'
  /** JSON sent as bytes (Pub/Sub, unwrapped). */
  | 'octets';

/** One kind of sender. */
export interface WebhookKind {
  readonly name: string;
  /** How its senders can prove who they are, besides the proofs of every kind (`proof/proofs.ts`). */
  readonly proofs?: readonly Proof[];
  /** Members that must be configured, because the deliveries do not contain them. */
  readonly required?: readonly (keyof HookOptions)[];
  /** Headers that may hold `token` if the hook names none, lower case; default `authorization`. */
  readonly tokenHeaders?: readonly string[];
  readonly media?: readonly ExtraMedia[];
  /** Answers the OPTIONS handshake of the CloudEvents webhook specification. */
  readonly handshake?: boolean;
  /** GET is allowed, with the JSON in the query's `payload`. */
  readonly allowsGet?: boolean;
  /** Our own kind: its observations have the origin `publish:NAME`, and the hosts that it writes out stand. */
  readonly publishes?: boolean;
  /**
   * Reads one verified delivery into the collector; pure. A kind with many events in a delivery reads one event
   * per step; the others return nothing.
   *
   * @throws BODY_INVALID, BODY_TOO_LARGE (too many events)
   */
  read(delivery: Delivery, collector: Collector, hook: HookOptions): Steps<void> | undefined;
}

/** One header's value; null if absent. Repeated headers are joined (RFC 9110, 5.3). */
export function headerOf(headers: Headers, name: string): string | null {
  const value = headers[name];
  if (value === undefined) return null;
  return typeof value === 'string' ? value : value.join(', ');
}
