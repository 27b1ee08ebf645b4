import fc from 'fast-check';
import { Range, SemVer } from 'semver';
import { expect, it } from 'vitest';
import { versionSets, versionsInclude } from '../../../src/event/semver-tag.ts';

const digit = fc.nat({ max: 3 });
const prerelease = fc.constantFrom('', '', '-rc.1', '-rc.2', '-0', '-alpha', '-alpha.1', '-1.a', '-rc.1.x');
const version = fc.tuple(digit, digit, digit, prerelease).map(([a, b, c, pre]) => `${a}.${b}.${c}${pre}`);
const partial = fc.tuple(digit, digit).map(([a, b]) => `${a}.${b}`);
const term = fc.oneof(
  fc.constantFrom('*', '1.x', 'x'),
  fc
    .tuple(fc.constantFrom('', '=', '<', '<=', '>', '>=', '^', '~'), fc.oneof(version, partial))
    .map((each) => each.join('')),
  fc.tuple(version, version).map((each) => each.join(' - ')),
);
const range = fc
  .array(fc.array(term, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 3 })
  .map((sets) => sets.map((set) => set.join(' ')).join(' || '));

function parse(text: string): Range | null {
  try {
    return new Range(text);
  } catch {
    return null;
  }
}

it('agrees with node-semver on any range and version', () => {
  let judged = 0;
  fc.assert(
    fc.property(range, version, (text, tag) => {
      const parsed = parse(text);
      if (parsed === null) return;
      judged++;
      const [own, theirs] = [versionsInclude(versionSets(parsed), new SemVer(tag)), parsed.test(tag)];
      expect(own, `${tag} in ${text}`).toBe(theirs);
    }),
    { numRuns: 5_000 },
  );
  expect(judged).toBeGreaterThan(2_000);
});
