/** The codes after which the same request cannot succeed (PROTOCOL.md, section 7: "no"). */
export const finalCodes = [
  'PARAMETER_INVALID',
  'BODY_INVALID',
  'REQUEST_INVALID',
  'MESSAGE_INVALID',
  'SUBSCRIPTION_LIMIT',
  'REGISTRY_UNKNOWN',
  'UNAUTHORIZED',
  'DENIED',
  'ORIGIN_DENIED',
  'NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'POSITION_GONE',
  'MESSAGE_TOO_LARGE',
  'BODY_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'HEAD_TOO_LARGE',
] as const;

/** The codes after which a client comes back ("later", "now"). */
export const passingCodes = [
  'REQUEST_TIMEOUT',
  'TOO_MANY_REQUESTS',
  'INTERNAL',
  'TOO_MANY_CONNECTIONS',
  'TOO_SLOW',
  'UNAVAILABLE',
  'DRAINING',
  'LIFETIME',
] as const;

/** A code of the gateway's catalogue. */
export type ErrorCode = (typeof finalCodes)[number] | (typeof passingCodes)[number];

/**
 * `NETWORK`: no connection, or it broke. `TIMEOUT`: nothing came for too long. `PROTOCOL`: what came is not from a
 * gateway. `STORE`: the position could not be loaded or saved. `TOO_MANY_ROWS`: a tag table outgrew its bound.
 */
export type ClientCode = 'NETWORK' | 'TIMEOUT' | 'PROTOCOL' | 'STORE' | 'TOO_MANY_ROWS';

/** Later versions of the gateway may send codes that this one does not know. */
export type FeedErrorCode = ErrorCode | ClientCode | (string & {});

/** What `FeedError` has besides code and message. */
export interface FeedErrorParts {
  readonly status?: number | null;
  readonly closeCode?: number | null;
  readonly retryable?: boolean;
  readonly retryMs?: number | null;
  readonly detail?: Readonly<Record<string, unknown>> | null;
  readonly cause?: unknown;
}

const final: ReadonlySet<string> = new Set([...finalCodes, 'STORE', 'TOO_MANY_ROWS']);

/** Why a stream waits or has ended. Its message has no secret. */
export class FeedError extends Error {
  override readonly name = 'FeedError';
  readonly code: FeedErrorCode;
  /** HTTP status, if there was an answer. */
  readonly status: number | null;
  /** WebSocket close code, if the connection was closed with one. */
  readonly closeCode: number | null;
  /** Whether the same request may succeed later. An unknown code may. */
  readonly retryable: boolean;
  /** The time that the gateway asks to wait, ms. */
  readonly retryMs: number | null;
  /** The gateway's detail: `parameter` names what is at fault. */
  readonly detail: Readonly<Record<string, unknown>> | null;

  constructor(code: FeedErrorCode, message: string, parts: FeedErrorParts = {}) {
    const { status = null, closeCode = null, retryable = !final.has(code), retryMs = null } = parts;
    const { detail = null, cause } = parts;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = status;
    this.closeCode = closeCode;
    this.retryable = retryable;
    this.retryMs = retryMs;
    this.detail = detail;
  }
}

/** A fault of the network, or of something between the two ends. */
export function networkError(message: string, cause?: unknown): FeedError {
  return new FeedError('NETWORK', message, { cause });
}

/** What came is not from a gateway. It may be a proxy's page, so the client comes back. */
export function protocolError(message: string, parts: FeedErrorParts = {}): FeedError {
  return new FeedError('PROTOCOL', message, parts);
}

/** An error as it is, or what has thrown it as something that a gateway does not send. */
export function asFeedError(error: unknown, act: string): FeedError {
  return error instanceof FeedError ? error : protocolError(act, { cause: error });
}
