/**
 * Why a request to a registry failed. It decides what happens next: `refused` pauses the registry,
 * `server`, `timeout` and `network` count for its breaker, the others concern one repository only.
 */
export type UpstreamReason =
  /** 429, or a 503 that says when to come back. */
  | 'refused'
  /** Any other 5xx. */
  | 'server'
  | 'timeout'
  /** No connection, TLS refused, connection broken. */
  | 'network'
  /** 401 or 403, or no token was given. */
  | 'denied'
  /** An answer that breaks the rules: malformed, never ending, an invalid digest, a looping list. */
  | 'invalid'
  /** A body larger than its bound. */
  | 'too-large'
  /** A redirect or token realm that must not be followed. */
  | 'redirect'
  /** Not there: the metadata API or the repository. */
  | 'missing'
  | 'closed';

/** The message goes to logs and to `GET /v1/upstreams`: no secrets, no bodies, no query strings. */
export class UpstreamError extends Error {
  readonly reason: UpstreamReason;

  constructor(reason: UpstreamReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'UpstreamError';
    this.reason = reason;
  }
}

/** Whether the registry as a whole is in trouble, rather than one repository. */
export function isOutage(reason: UpstreamReason): boolean {
  return reason === 'server' || reason === 'timeout' || reason === 'network';
}
