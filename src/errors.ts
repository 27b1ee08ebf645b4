/**
 * The catalogue of errors that clients see. Over HTTP an error has the form that registries use,
 * `{"errors":[{code,message,detail}]}` (OCI distribution-spec, "Error Codes"). After the close codes 4000–4099 the
 * client does not come back, after 4100–4199 it comes back later, after 4200–4299 now.
 */
interface CatalogueEntry {
  readonly status: number;
  readonly closeCode: number;
  /** Whether the same request may succeed later, unchanged. */
  readonly retryable: boolean;
}

export const catalogue = {
  /** A query parameter, header, setting or member is not acceptable; `detail.parameter` names it. */
  PARAMETER_INVALID: { status: 400, closeCode: 4000, retryable: false },
  /** The body is incomplete, is not JSON, or does not have the form that the webhook's kind expects. */
  BODY_INVALID: { status: 400, closeCode: 4001, retryable: false },
  /** The request is not HTTP, or its target cannot be decoded. */
  REQUEST_INVALID: { status: 400, closeCode: 4013, retryable: false },
  REQUEST_TIMEOUT: { status: 408, closeCode: 4105, retryable: true },
  HEAD_TOO_LARGE: { status: 431, closeCode: 4014, retryable: false },
  MESSAGE_INVALID: { status: 400, closeCode: 4002, retryable: false },
  MESSAGE_TOO_LARGE: { status: 413, closeCode: 4003, retryable: false },
  BODY_TOO_LARGE: { status: 413, closeCode: 4003, retryable: false },
  UNAUTHORIZED: { status: 401, closeCode: 4010, retryable: false },
  DENIED: { status: 403, closeCode: 4011, retryable: false },
  ORIGIN_DENIED: { status: 403, closeCode: 4012, retryable: false },
  NOT_FOUND: { status: 404, closeCode: 4004, retryable: false },
  METHOD_NOT_ALLOWED: { status: 405, closeCode: 4005, retryable: false },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, closeCode: 4006, retryable: false },
  SUBSCRIPTION_LIMIT: { status: 400, closeCode: 4007, retryable: false },
  /** A subscription names a registry that this gateway's configuration does not have. */
  REGISTRY_UNKNOWN: { status: 400, closeCode: 4008, retryable: false },
  /** The gateway cannot resume from the position; `detail` has reason, position and floor. */
  POSITION_GONE: { status: 410, closeCode: 4009, retryable: false },
  TOO_MANY_REQUESTS: { status: 429, closeCode: 4100, retryable: true },
  TOO_MANY_CONNECTIONS: { status: 503, closeCode: 4101, retryable: true },
  TOO_SLOW: { status: 503, closeCode: 4102, retryable: true },
  /** The ledger cannot be read or written now. */
  UNAVAILABLE: { status: 503, closeCode: 4103, retryable: true },
  DRAINING: { status: 503, closeCode: 4200, retryable: true },
  LIFETIME: { status: 503, closeCode: 4201, retryable: true },
  INTERNAL: { status: 500, closeCode: 4104, retryable: true },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof catalogue;

export interface ErrorDetail {
  /** The query parameter, body member or configuration key at fault. */
  readonly parameter?: string;
  readonly [key: string]: unknown;
}

export interface ManifeedErrorOptions {
  readonly detail?: ErrorDetail;
  readonly cause?: unknown;
  /** ms; default: not known, so that the answer says some seconds. Only for codes that are retryable. */
  readonly retryAfterMs?: number;
}

/** An error for clients. `message`: the parameter or the failed action, colon, what was found, what is required; no secrets. */
export class ManifeedError extends Error {
  readonly code: ErrorCode;
  readonly detail: ErrorDetail | undefined;
  /** Time after which the same request may succeed; null: not known. */
  readonly retryAfterMs: number | null;

  constructor(code: ErrorCode, message: string, options: ManifeedErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ManifeedError';
    this.code = code;
    this.detail = options.detail;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }

  get status(): number {
    return catalogue[this.code].status;
  }

  get closeCode(): number {
    return catalogue[this.code].closeCode;
  }

  get retryable(): boolean {
    return catalogue[this.code].retryable;
  }

  toBody(): { errors: { code: ErrorCode; message: string; detail: ErrorDetail | null }[] } {
    return { errors: [{ code: this.code, message: this.message, detail: this.detail ?? null }] };
  }
}

/** A refusal that names what it is about: a parameter, a header, a member. */
export function refusalOf(code: ErrorCode, parameter: string, message: string): ManifeedError {
  return new ManifeedError(code, message, { detail: { parameter } });
}

export function invalidParameter(parameter: string, message: string): ManifeedError {
  return refusalOf('PARAMETER_INVALID', parameter, message);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An error for a ledger that cannot be read or written now. */
export function unavailable(message: string, cause?: unknown): ManifeedError {
  return new ManifeedError('UNAVAILABLE', message, { cause });
}
