/** Configurations for tests, from the text of a file. */
import { readFileSync } from 'node:fs';
import { type LoadOptions, loadConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/settings/problems.ts';

/** Loads from a file's text, with no environment unless one is given. */
export function load(yaml: string, options: Partial<LoadOptions> = {}) {
  return loadConfig(sources(yaml, options));
}

/** The options that `load` gives. */
export function sources(yaml: string, options: Partial<LoadOptions> = {}): LoadOptions {
  return {
    env: {},
    readFile: (path) => (path === 'manifeed.yaml' ? yaml : readFileSync(path, 'utf8')),
    ...options,
    argv: ['--config', 'manifeed.yaml', ...(options.argv ?? [])],
  };
}

/** `path: message` of each problem. */
export function problems(yaml: string, options: Partial<LoadOptions> = {}): string[] {
  try {
    load(yaml, options);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((one) => `${one.path}: ${one.message}`);
    throw error;
  }
  throw new Error('accepted');
}

export const sha256 = 'a'.repeat(64);
