/** From head and raw bytes to what a delivery says. The route and `manifeed hooks test` share this. */
import { setImmediate } from 'node:timers/promises';
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../lib/clock.ts';
import { isForm } from './body/media-type.ts';
import type { HeldMemory } from './body/memory.ts';
import { Collector, type Normalised } from './collector.ts';
import type {
  BodyCheck,
  Head,
  HeadCheck,
  Headers,
  HookOptions,
  Incoming,
  ProofTools,
  WebhookKind,
} from './kind.ts';
import { kindOf } from './kinds.ts';
import { parseJson, unwrapForm } from './payload/payload.ts';
import { doInSlices } from './payload/steps.ts';
import { askedProofs, unauthorized } from './proof/proofs.ts';

/** If a body is larger than this, bytes, others run between two steps. */
const largeBodyBytes = 256 * 1024;

/** What one hook does with its deliveries: `admit` the head, then `read` the body. */
export class Receiver {
  readonly hook: HookOptions;
  readonly kind: WebhookKind;
  readonly hasProof: boolean;
  /** True: an admitted head proves the sender. False: anyone may send such a head. */
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
   * Admits the head of a request, before its body is read.
   *
   * @throws UNAUTHORIZED, UNSUPPORTED_MEDIA_TYPE, UNAVAILABLE (a key could not be fetched)
   */
  async admit(head: Head): Promise<void> {
    if (!this.hasProof && this.hook.verify !== 'none') throw unauthorized();
    for (const check of this.#heads) {
      const passed = check(head);
      // Most checks answer synchronously, and an await costs as much as they do.
      if (!(typeof passed === 'boolean' ? passed : await passed)) throw unauthorized();
    }
    // A proven sender's body is read in any case: it is kept for the operator to look at.
    if (!this.headProves) isForm(this.kind, head.headers);
  }

  /**
   * Verifies the body of a delivery whose head was admitted, and reads what it says.
   *
   * @param onVerified called when the sender has given all the proofs that the hook asks for
   * @throws UNAUTHORIZED, UNSUPPORTED_MEDIA_TYPE, UNAVAILABLE (as `admit`), BODY_INVALID, BODY_TOO_LARGE (too many
   *   events or values), PARAMETER_INVALID (kind manifeed)
   */
  async read(incoming: Incoming, onVerified = () => {}): Promise<Normalised> {
    const { headers, body } = incoming;
    const payload = isForm(this.kind, headers) ? await doInSlices(unwrapForm(body), this.#clock) : body;
    // Unwrapping, HMAC and parsing are each fast, but together too slow for one turn if the body is large.
    if (body.length > largeBodyBytes) await setImmediate();
    for (const check of this.#bodies) if (!(await check(incoming, payload))) throw unauthorized();
    onVerified();
    if (payload.length > largeBodyBytes) await setImmediate();
    const json = await parseJson(payload, this.#clock);
    const collector = new Collector(this.hook, this.kind);
    const steps = this.kind.read({ headers, body, json }, collector, this.hook);
    if (steps !== undefined) await doInSlices(steps, this.#clock);
    return collector.result();
  }
}

/** One request at a hook, from its head on. */
export class Arrival implements Head {
  readonly receiver: Receiver;
  readonly headers: Headers;
  readonly pathToken: string | undefined;
  /** The sender's address; behind trusted proxies, the one that they name. */
  readonly address: string;
  /** Whether the sender has proved who it is; never true for a hook without proofs. */
  isVerified = false;
  memory: HeldMemory | null = null;
  /** Null until it is read whole. */
  body: Buffer | null = null;

  constructor(receiver: Receiver, { headers, ip, method, params }: FastifyRequest) {
    this.receiver = receiver;
    // A GET has no body that a content type could describe: its payload is always JSON.
    this.headers = method === 'GET' ? { ...headers, 'content-type': 'application/json' } : headers;
    const token =
      typeof params === 'object' && params !== null && 'token' in params ? params.token : undefined;
    this.pathToken = typeof token === 'string' ? token : undefined;
    this.address = ip;
  }
}
