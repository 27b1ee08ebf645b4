import { parseDigest } from '../../event/digest.ts';
import type { RegistryEndpoint } from '../endpoint.ts';
import { digestInvalid, RegistryError } from '../errors.ts';

/** `GET /v2/<name>/blobs/<digest>`: there are none here; the registry has them. */
export const blobs: RegistryEndpoint = {
  of: 'repository',
  route: ['blobs', '*'],
  handle({ argument }) {
    if (parseDigest(argument) === null) throw digestInvalid();
    throw new RegistryError('BLOB_UNKNOWN', 'find blob: none is kept here: must be asked of the registry');
  },
};
