import { json, type RegistryEndpoint } from '../endpoint.ts';

const extensions = [
  {
    name: '_oci',
    url: 'https://github.com/opencontainers/distribution-spec/pull/606',
    description: 'History of tags, and lists of repositories, as proposed for the distribution-spec',
    endpoints: ['_oci/tag-history', '_oci/repositories'],
  },
];

/** `GET /v2/_oci/ext/discover`, also below a name (distribution-spec, `extensions/_oci.md`). */
export const discover: RegistryEndpoint = {
  of: 'prefix',
  route: ['_oci', 'ext', 'discover'],
  handle: () => json({ extensions }),
};
