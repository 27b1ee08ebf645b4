// @needs docker-registry
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { readApiSuite } from './suite.ts';

const folder = mkdtempSync(join(tmpdir(), 'manifeed-read-api-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

readApiSuite((way) => `sqlite:${join(folder, `${way}.db`)}`);
