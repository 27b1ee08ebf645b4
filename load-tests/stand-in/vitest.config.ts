import { fileURLToPath } from 'node:url';
import { mergeConfig } from 'vitest/config';
import root from '../../vitest.config.ts';

// The test suite's configuration aliases k6's modules to the stand-ins.
const config = mergeConfig(root, {
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: { testTimeout: 300_000 },
});

export default { ...config, test: { ...config.test, include: ['load-tests/stand-in/measure.ts'] } };
