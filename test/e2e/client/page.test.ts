// @needs chromium
/** The packed client, installed into an empty project, in a page. */
import { describe } from 'vitest';
import { pageRunner } from './support/page-runner.ts';
import { testClient } from './support/suite.ts';

describe('the installed client in Chromium', () => {
  testClient(pageRunner);
});
