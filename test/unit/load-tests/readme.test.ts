import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const root = new URL('../../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');
const readme = read('load-tests/README.md');
const scripts: Record<string, string> = JSON.parse(read('package.json')).scripts;

function typeScriptIn(folder: string): readonly string[] {
  return readdirSync(new URL(folder, root)).filter((name) => /(?<!\.d)\.ts$/.test(name));
}

/** Commands in code spans and indented blocks, without their flags. */
const commands = [...readme.matchAll(/(?:`| {4})((?:npm run|npx|node|k6 run) [^`\n]+)/g)].map(
  ([, command]) => command ?? '',
);

it('finds the commands of the README', () => {
  expect(commands.length).toBeGreaterThan(12);
});

it.each([...new Set(commands)])(
  'the command of load-tests/README.md runs something that exists: %s',
  (command) => {
    // The machine's own node may be older than what runs TypeScript; npx finds the one that `npm ci` installed.
    const name = /^npm run ([\w:-]+)/.exec(command)?.[1];
    if (name !== undefined) {
      expect(Object.keys(scripts)).toContain(name);
      return;
    }
    const path = /^(?:npx node(?: --expose-gc)?|k6 run(?: -e \S+)*) (load-tests\/\S+\.ts)/.exec(command)?.[1];
    if (path === 'load-tests/k6/<script>.ts') return;
    expect(path, 'npx node load-tests/… or k6 run load-tests/…').toBeDefined();
    expect(existsSync(new URL(path ?? '', root)), path).toBe(true);
  },
);

it.each(typeScriptIn('load-tests/'))('the first lines of load-tests/%s say how to run it', (name) => {
  const head = read(`load-tests/${name}`).slice(0, 1_000);
  expect(head).toMatch(/npm run bench|npx node (?:--expose-gc )?load-tests\//);
  expect(head).not.toMatch(/(?<!npx )node load-tests/);
});

it.each(typeScriptIn('load-tests/'))('load-tests/%s is in the README', (name) => {
  expect(readme).toMatch(name === 'bench.ts' ? /`npm run bench`/ : new RegExp(`load-tests/${name}`));
});

it.each(typeScriptIn('load-tests/k6/'))('the k6 script %s is in the README', (name) => {
  expect(readme).toContain(`\`${name}\``);
});
