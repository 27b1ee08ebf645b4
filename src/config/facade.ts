/** The `facade` and `manifests` sections: the registry read API under `/v2`, and the manifests kept for it. */
import { z } from 'zod';
import { duration, flag, list, maxListed, registryHost, rename, size } from './settings/values.ts';

/** The `facade` section. */
export const facade = z
  .strictObject({
    enabled: flag()
      .optional()
      .describe('Serve the registry read API under `/v2`. Default: only if `listen` is loopback'),
    registries: list(registryHost(), 'registry hosts', maxListed)
      .optional()
      .describe('Serve repositories of these registries only. Default: of all that the gateway may hear of'),
    maxAge: duration('0s', '1d')
      .prefault('60s')
      .describe(
        'A tag is answered without asking its registry if it was confirmed within this time; see `registries[].trustWebhooks`',
      ),
    maxListAge: duration('0s', '30d')
      .optional()
      .describe(
        'A list of tags is answered without asking its registry if it was read within this time. Default: twice the interval at which the repository is polled; without a poll, `facade.maxAge`',
      ),
    onDemand: flag()
      .default(false)
      .describe('Ask configured registries for repositories that the gateway has not heard of'),
  })
  .transform(rename({ maxAge: 'maxAgeMs', maxListAge: 'maxListAgeMs' }))
  .transform(({ enabled = false, ...value }) => ({ enabled, ...value }));

/** The `manifests` section. */
export const manifests = z
  .strictObject({
    maxBytes: size('1MiB', '64GiB')
      .prefault('256MiB')
      .describe('Most bytes of manifests kept; those that were asked for longest ago are dropped first'),
  })
  .prefault({});
