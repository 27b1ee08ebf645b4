/** What a saved delivery would become: the answer of `manifeed hooks test <name> <file>`. */
import { ManifeedError } from '../../errors.ts';
import type { Ignored, Normalised } from './collector.ts';
import type { HookOptions, Incoming, ProofTools } from './kind.ts';
import { kindOf } from './kinds.ts';
import { parseSavedDelivery } from './log/deliveries.ts';
import { askedProofs } from './proof/proofs.ts';
import { Receiver } from './receive.ts';

interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** Serialisable as JSON, times in RFC 3339. It holds no secret of the hook or the delivery. */
interface Explanation {
  readonly hook: string;
  readonly kind: string;
  /** The HTTP status that the sender would get if the ledger stored the delivery. */
  readonly status: number;
  readonly verified: boolean;
  readonly error: Refusal | null;
  /** If `verified` is false: what the hook expects of its senders. */
  readonly expects?: readonly string[];
  /** If `verified` is false: what else is wrong; null: nothing. */
  readonly otherwise?: Refusal | null;
  readonly observations: readonly object[];
  /** Tags without digest, which a HEAD would complete. */
  readonly incomplete: readonly object[];
  readonly ignored: readonly Ignored[];
}

type Outcome = { readonly said: Normalised } | { readonly error: ManifeedError };

/**
 * Receives as the route does, but stores nothing and confirms no subscription.
 *
 * @param delivery as the registry sent it; its body may be the JSON that `GET /v1/hooks?saved=NAME` answers
 * @param anyway read it even if it does not verify: saved deliveries often lack their headers
 */
export async function explainDelivery(
  hook: HookOptions,
  delivery: Incoming,
  tools: ProofTools,
  anyway = false,
): Promise<Explanation> {
  const kind = kindOf(hook);
  const about = { hook: hook.name, kind: kind.name };
  const saved = parseSavedDelivery(delivery.body);
  if (saved !== null) {
    // The gateway verified it; the credentials themselves were not saved.
    const body = Buffer.from(saved.body, saved.encoding);
    const headers = { ...delivery.headers, ...saved.headers };
    const outcome = await tryReceive(unsecured(hook), { body, headers }, tools);
    return { ...about, ...statusOf(outcome), verified: true, ...contentOf(outcome) };
  }
  const outcome = await tryReceive(hook, delivery, tools);
  const verified = !('error' in outcome && outcome.error.code === 'UNAUTHORIZED');
  if (verified) return { ...about, ...statusOf(outcome), verified, ...contentOf(outcome) };
  const expects = askedProofs(kind, hook).map((proof) => proof.expects(hook, kind));
  const refused = { ...about, ...statusOf(outcome), verified, expects };
  if (!anyway) return { ...refused, ...contentOf(outcome) };
  const open = await tryReceive(unsecured(hook), delivery, tools);
  return { ...refused, otherwise: statusOf(open).error, ...contentOf(open) };
}

async function tryReceive(hook: HookOptions, incoming: Incoming, tools: ProofTools): Promise<Outcome> {
  try {
    const receiver = new Receiver(hook, tools);
    await receiver.admit(incoming);
    return { said: await receiver.read(incoming) };
  } catch (error) {
    if (error instanceof ManifeedError) return { error };
    throw error;
  }
}

function statusOf(outcome: Outcome): { readonly status: number; readonly error: Refusal | null } {
  if ('error' in outcome) {
    const { status, code, message } = outcome.error;
    return { status, error: { code, message } };
  }
  const { answer, observations, incomplete } = outcome.said;
  const accepted = observations.length + incomplete.length > 0;
  return { status: answer?.status ?? (accepted ? 202 : 200), error: null };
}

function contentOf(outcome: Outcome) {
  if ('error' in outcome) return { observations: [], incomplete: [], ignored: [] };
  const { observations, incomplete, ignored } = outcome.said;
  return { observations: observations.map(withTimes), incomplete: incomplete.map(withTimes), ignored };
}

/** `…At` in RFC 3339: epoch milliseconds tell a reader nothing. */
function withTimes(observation: object): object {
  const entries = Object.entries(observation).map(([key, value]: [string, unknown]) =>
    key.endsWith('At') && typeof value === 'number' ? [key, new Date(value).toISOString()] : [key, value],
  );
  return Object.fromEntries(entries);
}

function unsecured({ name, kind, registry, maxBytes }: HookOptions): HookOptions {
  return { name, kind, registry, maxBytes, verify: 'none' };
}
