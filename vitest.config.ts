import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Two cores: more workers than that only make timing-sensitive e2e tests fight each other.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    pool: 'forks',
  },
});
