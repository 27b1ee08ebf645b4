/** A Node that is too old is told so, before anything fails to load. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { leastNode, nodeFault } from '../../../src/cli/node-version.ts';

it.each(['18.20.8', '20.20.2', '22.18.0', '22.9.0'])(
  'Node %s is too old, and the fault says so',
  (version) => {
    expect(nodeFault(version)).toBe(`manifeed needs Node 22.19 or newer, this is ${version}`);
  },
);

it.each(['22.19.0', '22.20.1', '23.0.0', '24.21.0', '25.0.0-nightly2025'])(
  'Node %s is new enough',
  (version) => {
    expect(nodeFault(version)).toBeNull();
  },
);

it('the least version is the one that package.json promises', () => {
  const promised = z.object({ engines: z.object({ node: z.string() }) });
  const { engines } = promised.parse(JSON.parse(readFileSync('package.json', 'utf8')));
  expect(engines.node).toBe(`>=${leastNode}`);
});
