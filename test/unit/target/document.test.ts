/** docs/targets.md says of each kind what the code says. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { formatDuration } from '../../../src/config/settings/quantities.ts';
import type { Kind } from '../../../src/target/kind.ts';
import { kinds } from '../../../src/target/kinds.ts';

const text = readFileSync('docs/targets.md', 'utf8');

/** The cells of the rows that begin with a kind, by its name. */
function rowsOf(begin: RegExp): ReadonlyMap<string, readonly string[]> {
  const lines = text.split('\n').filter((line) => begin.test(line));
  const rows = lines.map((line) => line.slice(2, -2).split(' | '));
  return new Map(rows.map(([name = '', ...cells]) => [/`([a-z-]+)`/.exec(name)?.[1] ?? '', cells]));
}

const members = rowsOf(/^\| \[`[a-z-]+`\]\(/);
const answers = rowsOf(/^\| `[a-z-]+` \| .* \| (?:yes|no) \|$/);

/** `url`\*, `token`: those that must be there have a star. */
function membersOf({ members }: Kind): string {
  const schema = z.toJSONSchema(members, { io: 'input', unrepresentable: 'any' });
  const { properties = {}, required = [] } = schema;
  return Object.keys(properties)
    .map((key) => `\`${key}\`${required.includes(key) ? '\\*' : ''}`)
    .join(', ');
}

describe('docs/targets.md', () => {
  it('has each kind in both tables, in the order of the code', () => {
    const names = kinds.map(({ name }) => name);
    expect([...members.keys()]).toEqual(names);
    expect([...answers.keys()]).toEqual(names);
  });

  it.each(kinds.map((kind) => [kind.name, kind] as const))(
    'has the members and times of %s',
    (name, kind) => {
      const { timeoutMs, coalesceMs, concurrency } = kind.defaults;
      const [own, , ...times] = members.get(name) ?? [];
      expect(own).toBe(membersOf(kind));
      const coalesce = coalesceMs === null ? 'none' : formatDuration(coalesceMs);
      expect(times).toEqual([formatDuration(timeoutMs), coalesce, String(concurrency)]);
    },
  );

  it.each(kinds.map((kind) => [kind.name, kind] as const))('has what %s does after a reset', (name, kind) => {
    const [afterReset, replay] = (answers.get(name) ?? []).slice(-2);
    expect(afterReset === 'nothing').toBe(kind.reset === undefined);
    expect(replay).toBe(kind.replays ? 'yes' : 'no');
  });

  it('names the kinds that can tell of deletes, and those that need a reference for a test', () => {
    const tells = kinds.filter(({ deletes }) => deletes).map(({ name }) => `\`${name}\``);
    expect(text).toContain(
      `only ${tells.slice(0, -1).join(', ')} and ${tells.at(-1)} accept them in \`types\``,
    );
    const needs = kinds.filter(({ needsReference }) => needsReference).map(({ name }) => name);
    expect(needs).toEqual(['keel', 'renovate-ce', 'github', 'gitlab', 'exec']);
  });
});
