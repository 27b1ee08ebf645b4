/**
 * One delivery, from raw bytes to what it says: media type, verification, JSON, kind. The route and
 * `manifeed hooks test` share it, so that what the command shows is what the gateway does.
 */
import { ManifeedError } from '../../errors.ts';
import { type HookOptions, headerOf, type Incoming, type Normalised, type WebhookKind } from './kind.ts';
import { checkMediaType } from './media-type.ts';
import { parseJson, unwrapForm } from './payload.ts';
import { makeVerify, type VerifyDependencies } from './verify.ts';

export interface Receiver {
  readonly hook: HookOptions;
  readonly kind: WebhookKind;
  /**
   * @throws UNSUPPORTED_MEDIA_TYPE, UNAUTHORIZED, BODY_INVALID, BODY_TOO_LARGE (too many events),
   *   PARAMETER_INVALID (kind manifeed), UNAVAILABLE (a key could not be fetched)
   */
  receive(incoming: Incoming): Promise<Normalised>;
}

export function makeReceiver(
  kind: WebhookKind,
  hook: HookOptions,
  dependencies: VerifyDependencies,
): Receiver {
  const verify = makeVerify(kind, hook, dependencies);
  return {
    hook,
    kind,
    async receive(incoming) {
      const { headers, body } = incoming;
      const type = headerOf(headers, 'content-type');
      const isForm = checkMediaType(kind, type, headerOf(headers, 'content-encoding'));
      const payload = isForm ? unwrapForm(body) : body;
      if (!(await verify(incoming, payload))) {
        // Which of its credentials failed is for nobody to know.
        throw new ManifeedError('UNAUTHORIZED', 'verify webhook: refused: must carry what the hook expects');
      }
      return kind.normalise({ ...incoming, json: parseJson(payload) }, hook);
    },
  };
}
