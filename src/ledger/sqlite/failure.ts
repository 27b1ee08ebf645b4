import type { ErrorCode, ErrorDetail } from '../../errors.ts';
import { ManifeedError } from '../../errors.ts';

/** An error as it crosses threads: a structured clone would lose its class, code and detail. */
export interface Failure {
  /** Null: a defect, which clients do not see. */
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly detail: ErrorDetail | undefined;
  readonly stack: string | undefined;
}

export function toFailure(error: unknown): Failure {
  if (error instanceof ManifeedError) {
    const { code, message, detail, stack } = error;
    return { code, message, detail, stack };
  }
  if (error instanceof Error) {
    const { message, stack } = error;
    return { code: null, message, detail: undefined, stack };
  }
  return { code: null, message: String(error), detail: undefined, stack: undefined };
}

export function toError({ code, message, detail, stack }: Failure): Error {
  const error =
    code === null
      ? new Error(message)
      : new ManifeedError(code, message, detail === undefined ? {} : { detail });
  if (stack !== undefined) error.stack = stack;
  return error;
}
