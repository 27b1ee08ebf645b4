import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';
import { filesLeftOut } from './test/support/parts.ts';

const root = fileURLToPath(new URL('.', import.meta.url));

// k6 is a Go program with modules of its own; its scripts run here on stand-ins.
const k6 = (name: string) => fileURLToPath(new URL(`./test/support/k6/${name}.ts`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^k6$/, replacement: k6('index') },
      { find: /^k6\/(execution|http|metrics|timers|websockets)$/, replacement: k6('$1') },
      { find: /^k6\/x\/sse$/, replacement: k6('sse') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...filesLeftOut(root).map(({ file }) => file)],
    globalSetup: ['test/support/left-out.ts'],
    // Two cores: more workers than that only make timing-sensitive e2e tests fight each other.
    maxWorkers: 2,
    // These prove nothing: they end a test that hangs. A wait inside a test gives up earlier and says what it waited
    // for (`patienceMs`), also on a machine that is slow and does other work.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
  },
});
