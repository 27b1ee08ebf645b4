import { ManifeedError } from '../../../errors.ts';
import type { HookOptions, Proof, WebhookKind } from '../kind.ts';
import { sharedSecrets } from './shared-secrets.ts';

/** All proofs that a kind takes, in the order in which they are checked: heads first, since they are cheap. */
export function proofsOf(kind: WebhookKind): readonly Proof[] {
  return [...sharedSecrets, ...(kind.proofs ?? [])];
}

/** The proofs that a hook's senders have to show: all of them, without exception. None: see `verify: none`. */
export function askedProofs(kind: WebhookKind, hook: HookOptions): readonly Proof[] {
  return proofsOf(kind).filter((proof) => proof.isAsked(hook));
}

/** It never says which of the proofs failed. */
export function unauthorized(): ManifeedError {
  return new ManifeedError('UNAUTHORIZED', 'verify webhook: refused: must carry what the hook expects');
}
