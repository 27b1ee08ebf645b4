import { parseDigest } from '../../event/digest.ts';
import type { RegistryEndpoint } from '../endpoint.ts';
import { digestInvalid, notServed } from '../errors.ts';

/**
 * `GET /v2/<name>/referrers/<digest>`: not served, because the index knows no referrers that only this API of the
 * registry has. The 404 sends clients to the tag `sha256-<hex>`; its code must not be NAME_UNKNOWN, which oras takes
 * for an error.
 */
export const referrers: RegistryEndpoint = {
  of: 'any-repository',
  route: ['referrers', '*'],
  handle({ argument }) {
    if (parseDigest(argument) === null) throw digestInvalid();
    throw notServed(
      'list referrers: not served here: must be asked of the registry, or found by the tag sha256-<hex>',
    );
  },
};
