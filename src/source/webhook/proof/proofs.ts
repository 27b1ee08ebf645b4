import { ManifeedError } from '../../../errors.ts';
import type { HookOptions, Proof, WebhookKind } from '../kind.ts';
import { sharedSecrets } from './shared-secrets.ts';

/** All proofs that a kind takes, in the order of checking: heads first, because they are cheap. */
export function proofsOf(kind: WebhookKind): readonly Proof[] {
  return [...sharedSecrets, ...(kind.proofs ?? [])];
}

/** The proofs that a hook's senders must show, every one of them. None: see `verify: none`. */
export function askedProofs(kind: WebhookKind, hook: HookOptions): readonly Proof[] {
  return proofsOf(kind).filter((proof) => proof.isAsked(hook));
}

/** It never says which proof failed. */
export function unauthorized(): ManifeedError {
  return new ManifeedError('UNAUTHORIZED', 'verify webhook: refused: must carry what the hook expects');
}
