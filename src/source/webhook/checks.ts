/** Checks what must hold between the members of a hook. The configuration checks each single member. */
import type { HookFault, HookOptions, WebhookKind } from './kind.ts';
import { kindOf, kinds } from './kinds.ts';
import { askedProofs, proofsOf } from './proof/proofs.ts';

const ownSettings = new Set(
  [...kinds.values()].flatMap(({ proofs = [] }) => proofs.flatMap((one) => one.settings)),
);

/** All faults of a hook whose single members are valid. No message holds a secret. */
export function faultsOfHook(hook: HookOptions): readonly HookFault[] {
  const kind = kindOf(hook);
  const foreign = foreignMembers(hook, kind);
  if (foreign.length > 0) return foreign;
  const found = [
    ...missingMembers(hook, kind),
    ...proofsOf(kind).flatMap((proof) => proof.faults?.(hook, kind) ?? []),
  ];
  if (found.length > 0 || askedProofs(kind, hook).length > 0 || hook.verify === 'none') return found;
  const message = `no secret: must have ${namesOf(kind)}; to accept deliveries of anybody write "verify: none"`;
  return [{ key: null, message }];
}

function missingMembers(hook: HookOptions, { name, required = [] }: WebhookKind): readonly HookFault[] {
  return required
    .filter((key) => hook[key] === undefined)
    .map((key) => ({
      key,
      message: `missing: must be given, because deliveries of kind ${name} do not say it`,
    }));
}

function foreignMembers(hook: HookOptions, kind: WebhookKind): readonly HookFault[] {
  const own = new Set(proofsOf(kind).flatMap(({ settings }) => settings));
  return [...ownSettings]
    .filter((key) => hook[key] !== undefined && !own.has(key))
    .map((key) => ({
      key,
      message: `given: must be left out, because kind ${kind.name} has no use for it: use ${namesOf(kind)}`,
    }));
}

/** The kind's own proofs first, because they say most. */
function namesOf(kind: WebhookKind): string {
  return proofsOf(kind)
    .map(({ name }) => name)
    .reverse()
    .join(' or ');
}
