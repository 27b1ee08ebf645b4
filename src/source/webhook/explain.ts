/** What a saved delivery would become: the answer of `manifeed hooks test <name> <file>`. */
import { ManifeedError } from '../../errors.ts';
import type { Observation, TagObserved } from '../../event/observation.ts';
import type { Headers, HookOptions, Ignored } from './kind.ts';
import { kinds } from './kinds.ts';
import { makeReceiver, receive } from './receive.ts';
import type { VerifyDependencies } from './verify.ts';

/** JSON-able; holds no secret of the hook and none of the delivery. */
export interface Explanation {
  readonly hook: string;
  readonly kind: string;
  /** The HTTP status that the sender would get, were the ledger to store it. */
  readonly status: number;
  readonly verified: boolean;
  /** Why it would be refused; null where it would not. */
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly observations: readonly Observation[];
  /** Tags without digest, which a HEAD at the registry would complete. */
  readonly incomplete: readonly TagObserved[];
  readonly ignored: readonly Ignored[];
}

export interface SavedDelivery {
  readonly body: Buffer;
  readonly headers: Headers;
  readonly pathToken?: string | undefined;
}

/**
 * Receives as the route does and stores nothing; a subscription is not confirmed.
 *
 * @param anyway read it although it does not verify: saved deliveries often lack their headers
 */
export async function explainDelivery(
  hook: HookOptions,
  delivery: SavedDelivery,
  dependencies: VerifyDependencies,
  anyway = false,
): Promise<Explanation> {
  const kind = kinds.get(hook.kind);
  if (kind === undefined) throw new Error(`explain delivery: kind ${hook.kind}: must have been checked`);
  const incoming = { ...delivery, arrivedAt: dependencies.clock.now() };
  const about = { hook: hook.name, kind: kind.name };
  const nothing = { observations: [], incomplete: [], ignored: [] };
  try {
    const said = await receive(makeReceiver(kind, hook, dependencies), incoming);
    const { observations, incomplete, ignored } = said;
    const accepted = observations.length + incomplete.length > 0;
    const status = said.reply?.status ?? (accepted ? 202 : 200);
    return { ...about, status, verified: true, error: null, observations, incomplete, ignored };
  } catch (error) {
    if (!(error instanceof ManifeedError)) throw error;
    const { code, message, status } = error;
    const refusal = { ...about, status, verified: code !== 'UNAUTHORIZED', error: { code, message } };
    if (code !== 'UNAUTHORIZED' || !anyway) return { ...refusal, ...nothing };
    const open = await explainDelivery(unsecured(hook), delivery, dependencies);
    return { ...refusal, ...pickSaid(open) };
  }
}

function pickSaid({ observations, incomplete, ignored }: Explanation) {
  return { observations, incomplete, ignored };
}

function unsecured({ name, kind, registry, maxBytes }: HookOptions): HookOptions {
  return { name, kind, registry, maxBytes, verify: 'none' };
}
