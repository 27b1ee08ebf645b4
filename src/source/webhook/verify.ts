/**
 * Whether a delivery comes from who it should: every credential that its hook has is checked, over the raw
 * bytes and before anything is parsed. It says yes or no and never why.
 */
import type { Clock } from '../../lib/clock.ts';
import { equalSecrets, hasBasic, hasToken } from './credentials.ts';
import { type Headers, type HookOptions, headerOf, type Incoming, type WebhookKind } from './kind.ts';
import { makeOidcCheck } from './oidc.ts';
import { hasSignature } from './signature.ts';
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

/** @param signed what the HMAC covers: the body, or the JSON inside a form */
export type Verify = (incoming: Incoming, signed: Buffer) => Promise<boolean>;

/** Looks at every header, whichever fits, so that the time tells nothing. */
function hasTokenIn(headers: Headers, names: readonly string[], token: string): boolean {
  const found = names.map((name) => hasToken(headerOf(headers, name), token, name === 'authorization'));
  return found.includes(true);
}

/** @throws (the function returned) UNAVAILABLE when a key could not be fetched: the sender should come back */
export function makeVerify(kind: WebhookKind, hook: HookOptions, dependencies: VerifyDependencies): Verify {
  const path: Verify[] = [];
  const checks: Verify[] = [];
  const { pathToken, token, username, password, secret } = hook;
  if (pathToken !== undefined) {
    path.push(async (incoming) => equalSecrets(incoming.pathToken ?? '', pathToken));
  }
  if (token !== undefined) {
    const names = hook.tokenHeader === undefined ? kind.tokenHeaders : [hook.tokenHeader.toLowerCase()];
    checks.push(async ({ headers }) => hasTokenIn(headers, names ?? ['authorization'], token));
  }
  if (username !== undefined && password !== undefined) {
    checks.push(async ({ headers }) => hasBasic(headerOf(headers, 'authorization'), username, password));
  }
  const { signature } = kind;
  if (secret !== undefined && signature !== undefined) {
    checks.push(async ({ headers, body }, signed) =>
      hasSignature(signature, headers, signature.covers === 'body' ? body : signed, secret),
    );
  }
  if (kind.oidc === true && hook.audience !== undefined) checks.push(makeOidcCheck(hook, dependencies));
  const sns = kind.sns === true && (hook.topics ?? hook.certificates) !== undefined;
  const snsCheck = sns ? makeSnsCheck(hook, dependencies) : null;

  return async (incoming, signed) => {
    // SNS can send no header of ours: there its signature stands in for token and Basic.
    const own = snsCheck !== null && isSnsDelivery(incoming.headers) ? [snsCheck] : checks;
    const all = [...path, ...own];
    if (all.length === 0) return hook.verify === 'none';
    for (const check of all) {
      if (!(await check(incoming, signed))) return false;
    }
    return true;
  };
}
