/**
 * The port of a webhook kind: how one sort of registry speaks. A kind is pure: it reads one verified delivery
 * and says what it observed. It never asks a registry, knows no ledger and keeps nothing.
 *
 * To add a kind, write one file in `kinds/` and one line in `kinds.ts`. The configuration reads that list.
 */
import type { Observation, TagObserved } from '../../event/observation.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Steps } from './payload/steps.ts';

/** One configured webhook, as the configuration checked it. Absent members are undefined. */
export interface HookOptions {
  /** Last segment of its URL, `/v1/hooks/<name>`. */
  readonly name: string;
  /** The name of a kind in `kinds.ts`. */
  readonly kind: string;
  /** Host its events speak of; wins over what the payload says. */
  readonly registry?: string | undefined;
  /** HMAC key. */
  readonly secret?: string | undefined;
  /** Value of a static header. */
  readonly token?: string | undefined;
  /** Which header carries `token`; default the kind's, else `authorization` (where `Bearer <token>` does too). */
  readonly tokenHeader?: string | undefined;
  /** HTTP Basic; both or none. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** A secret in the URL, `/v1/hooks/<name>/<pathToken>`, for senders that can do nothing else. */
  readonly pathToken?: string | undefined;
  /** ECR over SNS: the topic ARNs that may send. */
  readonly topics?: readonly string[] | undefined;
  /** ECR over SNS: PEM text to trust in place of fetching the certificate. */
  readonly certificates?: string | undefined;
  /** GAR: `aud` of Google's token. */
  readonly audience?: string | undefined;
  /** GAR: the service account that pushes. */
  readonly email?: string | undefined;
  /** GAR: file or URL of the key set; default Google's. */
  readonly jwks?: string | undefined;
  /** Must be written out for a hook that has nothing to verify by. */
  readonly verify?: 'none' | undefined;
  /** Body cap in bytes; default `defaultMaxBytes`. */
  readonly maxBytes?: number | undefined;
}

/** GitHub's cap is 25 MB, but its package events stay far below this; so does an envelope of 10,000 events. */
export const defaultMaxBytes = 4 * 1024 * 1024;

/** Lower-case names, as Node gives them. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What is known of a request before any of its body is read. */
export interface Head {
  readonly headers: Headers;
  /** The last segment of `/v1/hooks/<name>/<token>`. */
  readonly pathToken?: string | undefined;
}

/** One request, before anything in it is believed. */
export interface Incoming extends Head {
  /** The raw body; for a GET the decoded `payload` of the query. */
  readonly body: Buffer;
}

/** A verified delivery whose JSON was parsed once. */
export interface Delivery {
  readonly headers: Headers;
  readonly body: Buffer;
  readonly json: unknown;
}

/** Why an event of a delivery is no change. A closed set, because it becomes a metric's label. */
export type IgnoredReason =
  | 'pull'
  | 'mount'
  | 'blob'
  | 'ping'
  | 'other-event'
  | 'other-action'
  | 'not-an-image'
  | 'failed'
  | 'malformed'
  | 'no-registry'
  | 'invalid-reference'
  | 'invalid-digest'
  | 'no-tag-or-digest'
  | 'unconfirmed-topic';

export interface Ignored {
  readonly reason: IgnoredReason;
  readonly count: number;
}

/** The answer to a delivery or to a handshake. */
export interface HookAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON; undefined: no body. */
  readonly body?: unknown;
}

/** What one delivery says. */
export interface Normalised {
  readonly observations: readonly Observation[];
  /** A tag was named but no digest: to be completed by a HEAD after it was stored. */
  readonly incomplete: readonly TagObserved[];
  readonly ignored: readonly Ignored[];
  /** Default: 202 or 200 with what became of the events. */
  readonly answer?: HookAnswer;
  /** An URL to GET before the delivery is acknowledged (SNS `SubscribeURL`); already checked against its hosts. */
  readonly follow?: string;
}

/**
 * GETs a text over TLS. It must follow no redirect, resolve only for 200, and reject when the answer is longer
 * than `maxBytes` or takes longer than `timeoutMs`.
 */
export type FetchText = (url: string, limits: { maxBytes: number; timeoutMs: number }) => Promise<string>;

/** What proofs are checked with. */
export interface ProofTools {
  readonly clock: Clock;
  readonly fetchText: FetchText;
}

/** Judges what a head carries. @throws UNAVAILABLE when a key could not be fetched: the sender should come back */
export type HeadCheck = (head: Head) => boolean | Promise<boolean>;
/**
 * Judges what only the body carries.
 *
 * @param payload the JSON's bytes: the body, or what a form holds
 * @throws UNAVAILABLE when a key could not be fetched: the sender should come back
 */
export type BodyCheck = (incoming: Incoming, payload: Buffer) => boolean | Promise<boolean>;

/** What one hook checks of one proof. */
export interface ProofChecks {
  /** Whether the head carries the proof or, where `body` is given, announces it: else the body is not read. */
  readonly head: HeadCheck;
  /** Given where a head alone proves nothing, because anybody could send it. */
  readonly body?: BodyCheck;
}

/** Something that is wrong with a configured hook. The message names what was found and what is needed. */
export interface HookFault {
  /** The member; null: the hook as a whole. */
  readonly key: keyof HookOptions | null;
  readonly message: string;
}

/** One way in which senders prove who they are: what it takes in the configuration, and how it is checked. */
export interface Proof {
  /** How messages name it: `username and password`. */
  readonly name: string;
  /** The members of the configuration that belong to it alone. */
  readonly settings: readonly (keyof HookOptions)[];
  /** Whether this hook's senders have to show it. */
  isAsked(hook: HookOptions): boolean;
  /** What is wrong with how its settings go together. */
  faults?(hook: HookOptions, kind: WebhookKind): readonly HookFault[];
  /** For an operator whose delivery was refused: where the proof stands in a request, never its value. */
  expects(hook: HookOptions, kind: WebhookKind): string;
  /** Asked only for hooks whose senders have to show it. */
  checks(hook: HookOptions, kind: WebhookKind, tools: ProofTools): ProofChecks;
}

/** Which bodies a kind takes besides JSON (`application/json`, `text/json`, anything `+json`, or no type at all). */
export type ExtraMedia =
  /** A form whose `payload` member is the JSON. */
  | 'form-payload'
  /** JSON sent as a form by `curl -d`. */
  | 'form-json'
  /** JSON sent as text (SNS, and what `fetch` calls a string). */
  | 'text'
  /** JSON sent as bytes (Pub/Sub, unwrapped). */
  | 'octets';

export interface WebhookKind {
  readonly name: string;
  /** How its senders can prove who they are, besides what all kinds take (`proof/shared-secrets.ts`). */
  readonly proofs?: readonly Proof[];
  /** Members that must be configured, because the deliveries do not say it. */
  readonly required?: readonly (keyof HookOptions)[];
  /** Headers that may hold `token` where the hook names none, lower case; default `authorization`. */
  readonly tokenHeaders?: readonly string[];
  /** Bodies that it takes besides JSON. */
  readonly media?: readonly ExtraMedia[];
  /** Answers the OPTIONS handshake of the CloudEvents webhook specification. */
  readonly handshake?: boolean;
  /** The sender may use GET, with the JSON in the query's `payload`. */
  readonly allowsGet?: boolean;
  /**
   * Reads one verified delivery; pure. A kind whose deliveries hold many events does it in steps, one an event.
   *
   * @throws BODY_INVALID, BODY_TOO_LARGE (too many events)
   */
  normalise(delivery: Delivery, hook: HookOptions): Normalised | Steps<Normalised>;
}

/** One header's value; null where it is absent. Repeated headers are joined (RFC 9110, 5.3). */
export function headerOf(headers: Headers, name: string): string | null {
  const value = headers[name];
  if (value === undefined) return null;
  return typeof value === 'string' ? value : value.join(', ');
}
