/**
 * Refusals under `/v2`, with the codes and statuses of the OCI distribution-spec ("Error Codes"). Clients decide by
 * these codes whether they go on elsewhere, so what other parts of the gateway refuse is translated too.
 */
import type { ErrorCode, ManifeedError } from '../errors.ts';

/** Statuses by code. A bad parameter is `UNSUPPORTED` with 400; the specification has no code of its own for it. */
const statuses = {
  NAME_INVALID: 400,
  DIGEST_INVALID: 400,
  UNAUTHORIZED: 401,
  DENIED: 403,
  NAME_UNKNOWN: 404,
  MANIFEST_UNKNOWN: 404,
  BLOB_UNKNOWN: 404,
  UNSUPPORTED: 405,
  TOOMANYREQUESTS: 429,
  /** Not of the specification; Distribution sends it for its own faults. */
  UNKNOWN: 500,
} as const;

export type RegistryErrorCode = keyof typeof statuses;

export interface RegistryErrorOptions {
  /** Default: that of the code. */
  readonly status?: number;
  /** What the message is about, for programs. Default null. */
  readonly detail?: Readonly<Record<string, unknown>>;
  /** Time after which the same request may succeed, ms. Default: some seconds for 429, none for others. */
  readonly retryAfterMs?: number;
}

/** An answer that refuses. The message tells nothing that a client may not know. */
export class RegistryError extends Error {
  readonly code: RegistryErrorCode;
  readonly status: number;
  readonly detail: Readonly<Record<string, unknown>> | null;
  /** Null: not known. */
  readonly retryAfterMs: number | null;

  constructor(code: RegistryErrorCode, message: string, options: RegistryErrorOptions = {}) {
    super(message);
    this.name = 'RegistryError';
    this.code = code;
    this.status = options.status ?? statuses[code];
    this.detail = options.detail ?? null;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }

  /** Whether the same request may succeed later, unchanged. */
  get retryable(): boolean {
    return this.status === 429;
  }

  toBody(): { errors: { code: string; message: string; detail: object | null }[] } {
    return { errors: [{ code: this.code, message: this.message, detail: this.detail }] };
  }
}

/**
 * The one answer for a repository that is not served, not known or not granted: it must not tell which.
 *
 * @param name as the client wrote it
 */
export function nameUnknown(name: string): RegistryError {
  return new RegistryError(
    'NAME_UNKNOWN',
    'find repository: not known here: must be one that this gateway polls or was told of, and that is allowed',
    { detail: { name } },
  );
}

const nameRule = 'path segments of a-z and 0-9, joined by ".", "_", "__" or dashes, at most 255 characters';

/** @param rule what it must be */
export function nameInvalid(found: string, rule = nameRule): RegistryError {
  return new RegistryError('NAME_INVALID', `read name: ${found}: must be ${rule}`);
}

/** @param name as the client wrote it */
export function manifestUnknown(name: string, reference: string): RegistryError {
  return new RegistryError('MANIFEST_UNKNOWN', 'find manifest: not in this repository', {
    detail: { name, reference: reference.slice(0, 256) },
  });
}

/** What the registry would have to be asked for, and cannot. @param name as the client wrote it */
export function manifestNotAsked(name: string, reference: string): RegistryError {
  return new RegistryError(
    'MANIFEST_UNKNOWN',
    'find manifest: its registry must be configured here (`registries`), or be asked itself',
    { detail: { name, reference: reference.slice(0, 256) } },
  );
}

export function digestInvalid(): RegistryError {
  return new RegistryError(
    'DIGEST_INVALID',
    'read digest: must be sha256:<64 hex> or sha512:<128 hex>, in lower case',
  );
}

/** A known parameter with a value that is not acceptable. @param rule what it must be */
export function badParameter(parameter: string, rule: string): RegistryError {
  return new RegistryError('UNSUPPORTED', `read ${parameter}: must be ${rule}`, {
    status: 400,
    detail: { parameter },
  });
}

/** An endpoint or a list that is not served here, ever. oras and others go on without it after a 404. */
export function notServed(message: string): RegistryError {
  return new RegistryError('UNSUPPORTED', message, { status: 404 });
}

/** @param retryAfterMs time after which the same request may succeed */
export function tooManyRequests(message: string, retryAfterMs: number): RegistryError {
  return new RegistryError('TOOMANYREQUESTS', message, { retryAfterMs });
}

/** Refusals that come and go: 503 makes renovate give up a host, and regctl and skopeo do not try it again. */
const later: ReadonlySet<ErrorCode> = new Set([
  'TOO_MANY_REQUESTS',
  'TOO_MANY_CONNECTIONS',
  'TOO_SLOW',
  'UNAVAILABLE',
  'DRAINING',
  'LIFETIME',
  'REQUEST_TIMEOUT',
]);

/** Another part's refusal, as `/v2` says it. @param method other than GET and HEAD: nothing is written here */
export function inSpecification(error: ManifeedError, method: string): RegistryError {
  if (method !== 'GET' && method !== 'HEAD') {
    return new RegistryError('UNSUPPORTED', `serve ${method}: nothing can be pushed or deleted here`);
  }
  const { code, message, status } = error;
  const detail = error.detail === undefined ? {} : { detail: error.detail };
  if (later.has(code)) return new RegistryError('TOOMANYREQUESTS', message);
  if (code === 'INTERNAL') return new RegistryError('UNKNOWN', message);
  if (code === 'UNAUTHORIZED') return new RegistryError('UNAUTHORIZED', message, detail);
  if (status === 403) return new RegistryError('DENIED', message, detail);
  if (code === 'REQUEST_INVALID') return new RegistryError('NAME_INVALID', message, detail);
  return new RegistryError('UNSUPPORTED', message, { status, ...detail });
}
