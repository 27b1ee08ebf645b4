/** Rules of the configuration that only other parts can judge. */

import type { Check } from '../config/config.ts';
import { checkPatterns } from '../config/patterns.ts';
import { isLoopback } from '../config/settings/values.ts';
import { ManifeedError } from '../errors.ts';
import { parseReference } from '../event/reference.ts';
import { checkHook } from '../source/webhook/checks.ts';

export const configChecks: readonly Check[] = [
  ({ webhooks, listen }) =>
    webhooks.flatMap((hook, index) =>
      refusals(() => checkHook(hook, `webhooks[${index}]`, isLoopback(listen.host))),
    ),
  ({ watch, defaultRegistry }) =>
    watch.flatMap(({ repository }, index) => {
      const parameter = `watch[${index}].repository`;
      return refusals(() => parseReference(repository, { defaultRegistry, parameter }));
    }),
  checkPatterns,
];

function refusals(check: () => unknown): readonly ManifeedError[] {
  try {
    check();
    return [];
  } catch (error) {
    if (error instanceof ManifeedError) return [error];
    throw error;
  }
}
