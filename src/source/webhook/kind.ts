/**
 * The port of a webhook kind: how one sort of registry speaks. A kind is pure: it reads one verified delivery
 * and says what it observed. It never asks a registry, knows no ledger and keeps nothing.
 *
 * Adding a kind is one file under `kinds/`, one line in `kinds.ts` and one in `webhookKinds` of `config-webhooks.ts`.
 */
import type { Observation, TagObserved } from '../../event/observation.ts';
import type { Steps } from './payload/steps.ts';

/** One configured webhook. Absent members are undefined. */
export interface HookOptions {
  /** Last segment of its URL, `/v1/hooks/<name>`. */
  readonly name: string;
  /** A key of `kinds.ts`. */
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

/** Bytes of one request, before anything is believed. */
export interface Incoming extends Head {
  /** The raw body; for a GET the decoded `payload` of the query. */
  readonly body: Buffer;
  /** ms since the epoch. */
  readonly arrivedAt: number;
}

/** A verified delivery whose JSON was parsed once. */
export interface Delivery extends Incoming {
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

/** An answer that the sender's handshake asks for. */
export interface Reply {
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
  readonly reply?: Reply;
  /** An URL to GET before the delivery is acknowledged (SNS `SubscribeURL`); already checked against its hosts. */
  readonly follow?: string;
}

/** How a kind's sender signs with `secret`: hex, in any one of these headers. */
export interface SignatureScheme {
  readonly algorithm: 'sha1' | 'sha256';
  /** In order of preference; the first one present counts. */
  readonly headers: readonly { readonly name: string; readonly prefix: string }[];
  /** The bytes that are signed: the raw body, or the JSON inside a form's `payload` (Gitea). */
  readonly covers: 'body' | 'payload';
  /** True: the header may hold the secret itself instead of a signature (JFrog, unless told to sign). */
  readonly orSecretItself?: boolean;
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
  /** One of these is needed in the configuration, unless `verify: none` is written out. */
  readonly signature?: SignatureScheme;
  readonly oidc?: boolean;
  readonly sns?: boolean;
  /** Headers that may hold `token` where the hook names none; default `authorization`. */
  readonly tokenHeaders?: readonly string[];
  readonly media?: readonly ExtraMedia[];
  /** The payload never names a host: `registry` must be configured. */
  readonly needsRegistry?: boolean;
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

/** One header's value; null where it is absent. Repeated headers are joined as RFC 9110, 5.3 has it. */
export function headerOf(headers: Headers, name: string): string | null {
  const value = headers[name];
  if (value === undefined) return null;
  return typeof value === 'string' ? value : value.join(', ');
}
