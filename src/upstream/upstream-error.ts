/** `refused` pauses the registry; `isOutage` counts for its breaker; the others concern one repository only. */
export type UpstreamReason =
  /** 429, or a 503 with `Retry-After`. */
  | 'refused'
  /** Any other 5xx. */
  | 'server'
  | 'timeout'
  /** No connection, TLS refused, connection broken. */
  | 'network'
  /** 401 or 403, or no token was given. */
  | 'denied'
  /** A malformed or endless answer, an invalid digest, or a looping list. */
  | 'invalid'
  /** A body larger than its bound. */
  | 'too-large'
  /** A redirect or token realm that must not be followed. */
  | 'redirect'
  /** The metadata API or the repository does not exist. */
  | 'missing'
  /** The poller is closed, or the sender of the request waits no more. */
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

/** Whether the whole registry is in trouble, not one repository. */
export function isOutage(reason: UpstreamReason): boolean {
  return reason === 'server' || reason === 'timeout' || reason === 'network';
}
