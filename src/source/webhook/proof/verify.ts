/**
 * Whether a delivery comes from the right sender. Every credential that its hook has is checked. What the head
 * of the request can prove is checked before any of the body is read; a signature is checked over the raw bytes
 * and before they are parsed. The answer is yes or no and never why.
 */
import type { Clock } from '../../../lib/clock.ts';
import {
  type Head,
  type Headers,
  type HookOptions,
  headerOf,
  type Incoming,
  type WebhookKind,
} from '../kind.ts';
import { equalSecrets, hasBasic, hasToken } from './credentials.ts';
import { makeOidcCheck } from './oidc.ts';
import { hasSignature, mayBeSigned } from './signature.ts';
import { isSnsDelivery, makeSnsCheck } from './sns.ts';

/**
 * GETs a text over TLS. It must follow no redirect, resolve only for 200, and reject when the answer is longer
 * than `maxBytes` or takes longer than `timeoutMs`.
 */
export type FetchText = (url: string, limits: { maxBytes: number; timeoutMs: number }) => Promise<string>;

export interface VerifyDependencies {
  readonly clock: Clock;
  readonly fetchText: FetchText;
}

/** Checks one credential that the head carries. */
export type HeadCheck = (head: Head) => boolean | Promise<boolean>;
/** Checks one credential that only the body carries. @param signed what the HMAC covers: the body, or a form's JSON */
export type BodyCheck = (incoming: Incoming, signed: Buffer) => boolean | Promise<boolean>;

export interface Verifier {
  /**
   * Whether the head carries all that it can carry. Needs no byte of the body.
   *
   * @throws UNAVAILABLE when a key could not be fetched: the sender should come back
   */
  admits(head: Head): Promise<boolean>;
  /**
   * Whether the body proves the rest. Ask only about deliveries that were admitted.
   *
   * @throws UNAVAILABLE when a key could not be fetched: the sender should come back
   */
  proves(incoming: Incoming, signed: Buffer): Promise<boolean>;
  /** True: an admitted head proves the sender. False: anybody may send such a head, so the body has to. */
  readonly headProves: boolean;
  /** Whether the hook has any credential; without one, nobody's deliveries are told from a stranger's. */
  readonly hasCredential: boolean;
}

export function makeVerifier(
  kind: WebhookKind,
  hook: HookOptions,
  dependencies: VerifyDependencies,
): Verifier {
  const byHead = headChecks(kind, hook, dependencies);
  const { shapes, byBody } = bodyChecks(kind, hook, dependencies);
  const hasCredential = byHead.length + byBody.length > 0;
  return {
    admits: async (head) => {
      if (!hasCredential) return hook.verify === 'none';
      return every([...byHead, ...shapes], (check) => check(head));
    },
    proves: (incoming, signed) => every(byBody, (check) => check(incoming, signed)),
    headProves: hasCredential && byBody.length === 0,
    hasCredential,
  };
}

function headChecks(kind: WebhookKind, hook: HookOptions, dependencies: VerifyDependencies): HeadCheck[] {
  const checks: HeadCheck[] = [];
  const { pathToken, token, username, password } = hook;
  if (pathToken !== undefined) checks.push((head) => equalSecrets(head.pathToken ?? '', pathToken));
  if (token !== undefined) {
    const names = tokenHeadersOf(kind, hook);
    checks.push(({ headers }) => hasTokenIn(headers, names, token));
  }
  if (username !== undefined && password !== undefined) {
    checks.push(({ headers }) => hasBasic(headerOf(headers, 'authorization'), username, password));
  }
  if (kind.oidc === true && hook.audience !== undefined) checks.push(makeOidcCheck(hook, dependencies));
  return checks;
}

/** `shapes`: whether the head announces such a proof at all; a body without it need not be read. */
function bodyChecks(kind: WebhookKind, hook: HookOptions, dependencies: VerifyDependencies) {
  const shapes: HeadCheck[] = [];
  const byBody: BodyCheck[] = [];
  const { signature } = kind;
  const { secret } = hook;
  if (secret !== undefined && signature !== undefined) {
    shapes.push(({ headers }) => mayBeSigned(signature, headers));
    byBody.push(({ headers, body }, signed) =>
      hasSignature(signature, headers, signature.covers === 'body' ? body : signed, secret),
    );
  }
  if (kind.sns === true && hook.topics !== undefined) {
    shapes.push(({ headers }) => isSnsDelivery(headers));
    byBody.push(makeSnsCheck(hook, dependencies));
  }
  return { shapes, byBody };
}

async function every<Check>(
  checks: readonly Check[],
  passes: (check: Check) => boolean | Promise<boolean>,
): Promise<boolean> {
  for (const check of checks) {
    const passed = passes(check);
    // Most checks know at once, and a turn of the promise queue costs as much as they do.
    if (!(typeof passed === 'boolean' ? passed : await passed)) return false;
  }
  return true;
}

/** Headers that may carry the hook's `token`, lower case. */
export function tokenHeadersOf(kind: WebhookKind, hook: HookOptions): readonly string[] {
  if (hook.tokenHeader !== undefined) return [hook.tokenHeader.toLowerCase()];
  return kind.tokenHeaders ?? ['authorization'];
}

/** Looks at every header, whichever fits, so that the time tells nothing. */
function hasTokenIn(headers: Headers, names: readonly string[], token: string): boolean {
  const found = names.map((name) => hasToken(headerOf(headers, name), token, name === 'authorization'));
  return found.includes(true);
}
