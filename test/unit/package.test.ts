import { readFileSync } from 'node:fs';
import semver from 'semver';
import { expect, it } from 'vitest';
import { z } from 'zod';

const engines = z.object({ node: z.string().optional() }).optional().catch(undefined);
const entry = z.object({ dev: z.boolean().optional(), engines });
const lock = z
  .object({ packages: z.record(z.string(), entry) })
  .parse(JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')));
const own = z
  .object({ engines: z.object({ node: z.string() }) })
  .parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))).engines.node;

it('package.json promises no Node that a dependency does not run on', () => {
  const narrower = Object.entries(lock.packages)
    .filter(([, one]) => one.dev !== true && one.engines?.node !== undefined)
    .filter(([, one]) => !semver.subset(own, one.engines?.node ?? '*'))
    .map(([path, one]) => `${path} ${one.engines?.node}`);
  expect(narrower).toEqual([]);
});

it('README names the Node that package.json promises', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  expect(/needs Node ([0-9.]+) or newer/.exec(readme)?.[1]).toBe(own.replace('>=', ''));
});
