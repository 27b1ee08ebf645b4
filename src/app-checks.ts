/** Rules of the configuration that only other parts can judge. */
import type { Check } from './config.ts';
import { isLoopback } from './config-values.ts';
import { parseFilter } from './event/filter.ts';
import { parseReference } from './event/reference.ts';
import { checkHooks } from './source/webhook/check-hooks.ts';

export const configChecks: readonly Check[] = [
  (config) => checkHooks(config.webhooks, isLoopback(config.listen.host)),
  (config) => {
    for (const [index, watch] of config.watch.entries()) {
      const parameter = `watch[${index}].repository`;
      parseReference(watch.repository, { defaultRegistry: config.defaultRegistry, parameter });
    }
  },
  (config) => {
    if (config.access.kind !== 'tokens') return;
    for (const token of config.access.tokens) {
      const limits = { defaultRegistry: config.defaultRegistry, maxRepositories: 100_000 };
      parseFilter({ repository: token.repositories }, limits);
    }
  },
];
