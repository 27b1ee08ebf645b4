import type { Environment } from './settings/sources.ts';

/** The variables of this process. Apart from the rest of the configuration, because it loads nothing. */
export function processEnvironment(): Environment {
  return process.env;
}
