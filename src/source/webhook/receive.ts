/**
 * One delivery, from its head and raw bytes to what it says: credentials of the head, media type, proof by the
 * body, JSON, kind. The route and `manifeed hooks test` share it, so that what the command shows is what the
 * gateway does.
 */
import { setImmediate } from 'node:timers/promises';
import { ManifeedError } from '../../errors.ts';
import { checkMediaType } from './body/media-type.ts';
import {
  type Head,
  type HookOptions,
  headerOf,
  type Incoming,
  type Normalised,
  type WebhookKind,
} from './kind.ts';
import { parseJson, unwrapForm } from './payload/payload.ts';
import { doInSlices, isSteps } from './payload/steps.ts';
import { makeVerifier, type VerifyDependencies } from './proof/verify.ts';

/** Between two steps with a body larger than this, others run. */
const largeBodyBytes = 256 * 1024;

export interface Receiver {
  readonly hook: HookOptions;
  readonly kind: WebhookKind;
  /** Whether a head that `admit` let pass proves its sender; else only the body does. */
  readonly headProves: boolean;
  /** Whether the hook has any credential by which a sender is told from a stranger. */
  readonly hasCredential: boolean;
  /**
   * Lets the head of a request pass, before its body is read.
   *
   * @throws UNAUTHORIZED, UNSUPPORTED_MEDIA_TYPE, UNAVAILABLE (a key could not be fetched)
   */
  admit(head: Head): Promise<void>;
  /**
   * Verifies the body of a delivery. Call it after `admit`.
   *
   * @throws UNAUTHORIZED, UNSUPPORTED_MEDIA_TYPE, BODY_INVALID (a form without JSON), UNAVAILABLE (a key could not be fetched)
   */
  verify(incoming: Incoming): Promise<Verified>;
}

export interface Verified {
  /** @throws BODY_INVALID, BODY_TOO_LARGE (too many events or values), PARAMETER_INVALID (kind manifeed) */
  read(): Promise<Normalised>;
}

export function makeReceiver(
  kind: WebhookKind,
  hook: HookOptions,
  dependencies: VerifyDependencies,
): Receiver {
  const verifier = makeVerifier(kind, hook, dependencies);
  const { clock } = dependencies;
  return {
    hook,
    kind,
    headProves: verifier.headProves,
    hasCredential: verifier.hasCredential,
    async admit(head) {
      if (!(await verifier.admits(head))) throw unauthorized();
      // Of a proven sender the body is wanted even so: it is kept for the operator to look at.
      if (!verifier.headProves) isForm(kind, head);
    },
    async verify(incoming) {
      const { body } = incoming;
      const payload = isForm(kind, incoming) ? await doInSlices(unwrapForm(body), clock) : body;
      // Unwrapping, the HMAC and parsing are fast, but not all three of a large body in one turn.
      if (body.length > largeBodyBytes) await setImmediate();
      if (!(await verifier.proves(incoming, payload))) throw unauthorized();
      return {
        async read() {
          if (payload.length > largeBodyBytes) await setImmediate();
          const said = kind.normalise({ ...incoming, json: await parseJson(payload, clock) }, hook);
          return isSteps(said) ? doInSlices(said, clock) : said;
        },
      };
    },
  };
}

/** @throws UNSUPPORTED_MEDIA_TYPE */
function isForm(kind: WebhookKind, { headers }: Head): boolean {
  const type = headerOf(headers, 'content-type');
  return checkMediaType(kind, type, headerOf(headers, 'content-encoding'));
}

/** It never says which of the credentials failed. */
function unauthorized(): ManifeedError {
  return new ManifeedError('UNAUTHORIZED', 'verify webhook: refused: must carry what the hook expects');
}

/** All three steps at once, for a delivery that is there whole. @throws as each of them */
export async function receive(receiver: Receiver, incoming: Incoming): Promise<Normalised> {
  await receiver.admit(incoming);
  return (await receiver.verify(incoming)).read();
}
