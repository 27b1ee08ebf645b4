/** The packed client, installed into an empty project, in Node. */
import { describe } from 'vitest';
import { nodeRunner } from './support/node-runner.ts';
import { testClient } from './support/suite.ts';

describe('the installed client in Node', () => {
  testClient(nodeRunner);
});
