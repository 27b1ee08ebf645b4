/**
 * One delivery, from its head and raw bytes to what it says: proof by the head, media type, proof by the body,
 * JSON, kind. The route and `manifeed hooks test` share it, so that the command shows what the gateway does.
 */
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../lib/clock.ts';
import { isForm } from './body/media-type.ts';
import type {
  BodyCheck,
  Head,
  HeadCheck,
  HookOptions,
  Incoming,
  Normalised,
  ProofTools,
  WebhookKind,
} from './kind.ts';
import { kindOf } from './kinds.ts';
import { parseJson, unwrapForm } from './payload/payload.ts';
import { doInSlices, isSteps } from './payload/steps.ts';
import { askedProofs, unauthorized } from './proof/proofs.ts';

/** Between two steps with a body larger than this, bytes, others run. */
const largeBodyBytes = 256 * 1024;

/** What one hook does with its deliveries: `admit` the head, `verify` the body, `read` what it says. */
export class Receiver {
  readonly hook: HookOptions;
  readonly kind: WebhookKind;
  /** Whether the hook asks for any proof; without one, nobody's deliveries are told from a stranger's. */
  readonly hasProof: boolean;
  /** True: an admitted head proves the sender. False: anybody may send such a head, so the body has to. */
  readonly headProves: boolean;
  readonly #heads: readonly HeadCheck[];
  readonly #bodies: readonly BodyCheck[];
  readonly #clock: Clock;

  constructor(hook: HookOptions, tools: ProofTools) {
    this.hook = hook;
    this.kind = kindOf(hook);
    const checks = askedProofs(this.kind, hook).map((proof) => proof.checks(hook, this.kind, tools));
    this.#heads = checks.map(({ head }) => head);
    this.#bodies = checks.flatMap(({ body }) => body ?? []);
    this.hasProof = checks.length > 0;
    this.headProves = this.hasProof && this.#bodies.length === 0;
    this.#clock = tools.clock;
  }

  /**
   * Lets the head of a request pass, before its body is read.
   *
   * @throws UNAUTHORIZED, UNSUPPORTED_MEDIA_TYPE, UNAVAILABLE (a key could not be fetched)
   */
  async admit(head: Head): Promise<void> {
    if (!this.hasProof && this.hook.verify !== 'none') throw unauthorized();
    for (const check of this.#heads) {
      const passed = check(head);
      // Most checks know at once, and a turn of the promise queue costs as much as they do.
      if (!(typeof passed === 'boolean' ? passed : await passed)) throw unauthorized();
    }
    // The body of a proven sender is wanted even so: it is kept for the operator to look at.
    if (!this.headProves) isForm(this.kind, head.headers);
  }

  /**
   * Verifies the body of a delivery whose head was admitted. Resolves with the bytes that hold the JSON.
   *
   * @throws UNAUTHORIZED, UNSUPPORTED_MEDIA_TYPE, BODY_INVALID (a form without JSON), UNAVAILABLE (as `admit`)
   */
  async verify(incoming: Incoming): Promise<Buffer> {
    const { headers, body } = incoming;
    const payload = isForm(this.kind, headers) ? await doInSlices(unwrapForm(body), this.#clock) : body;
    // Unwrapping, the HMAC and parsing are fast, but not all three of a large body in one turn.
    if (body.length > largeBodyBytes) await setImmediate();
    for (const check of this.#bodies) if (!(await check(incoming, payload))) throw unauthorized();
    return payload;
  }

  /**
   * Reads what a verified delivery says.
   *
   * @param payload from `verify`
   * @throws BODY_INVALID, BODY_TOO_LARGE (too many events or values), PARAMETER_INVALID (kind manifeed)
   */
  async read({ headers, body }: Incoming, payload: Buffer): Promise<Normalised> {
    if (payload.length > largeBodyBytes) await setImmediate();
    const json = await parseJson(payload, this.#clock);
    const said = this.kind.normalise({ headers, body, json }, this.hook);
    return isSteps(said) ? doInSlices(said, this.#clock) : said;
  }
}

/** All three steps, for a delivery that is there whole. @throws as each of them */
export async function receive(receiver: Receiver, incoming: Incoming): Promise<Normalised> {
  await receiver.admit(incoming);
  return receiver.read(incoming, await receiver.verify(incoming));
}
