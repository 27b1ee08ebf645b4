/** What the documents for people say about the repository: links lead somewhere, snippets are real. */
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';

const documents = ['*.md', 'docs/*.md', 'load-tests/*.md'].flatMap((pattern) => globSync(pattern));
const read = (file: string) => readFileSync(file, 'utf8');

/** The name by which a link reaches a heading, as GitHub makes it. */
function anchors(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** The links of a document that lead nowhere in the repository. */
function deadLinks(file: string): readonly string[] {
  const links = [...read(file).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links.filter((link) => {
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? file : join(dirname(file), path);
    if (!existsSync(target)) return true;
    return anchor !== undefined && !anchors(read(target)).includes(anchor);
  });
}

describe('the documents', () => {
  it.each(documents)('%s: every link leads to a file and a heading that exist', (file) => {
    expect(deadLinks(file)).toEqual([]);
  });
});

describe('README', () => {
  const readme = read('README.md');

  it('shows lines of the examples as they are', () => {
    // A link to an example, and the next block.
    const shown = [...readme.matchAll(/\]\((examples\/[^)]+\.\w+)\)[^\n]*\n\n```\w*\n([\s\S]*?)\n```/g)];
    expect(shown.map(([, file]) => file)).toEqual(['examples/page.html', 'examples/manifeed.yaml']);
    const bare = (text: string) =>
      text
        .split('\n')
        .map((line) => line.trim())
        .join('\n');
    for (const [, file = '', block = ''] of shown) expect(bare(read(file))).toContain(bare(block));
  });

  it('links every example', () => {
    const examples = globSync('examples/**/*.*');
    expect(examples.length).toBeGreaterThan(5);
    expect(examples.filter((file) => !readme.includes(`](${file})`))).toEqual([]);
  });

  it('shows a configuration that a gateway accepts', () => {
    const config = loadConfig({
      argv: ['--config', 'm.yaml'],
      env: { REGISTRY_PASSWORD: 'p', HOOK_TOKEN: 't' },
      readFile: () => read('examples/manifeed.yaml'),
    });
    expect(config.registries[0]?.poll).toMatchObject({ intervalMs: 30_000, onDemand: true });
    expect(config.webhooks[0]).toMatchObject({ name: 'harbor', token: 't' });
    expect(config.pace.burst).toBe(100);
  });

  it('has the test command that CI runs, and CI runs nothing else', () => {
    const command = 'npm ci && npm run setup && npm run check';
    expect(readme).toContain(`\`${command}\``);
    expect(read('.ci/run').trimEnd().split('\n').at(-1)).toBe(command);
    expect(read('.github/workflows/ci.yaml')).toContain('- run: .ci/run\n');
  });

  it('shows the dashboard in both themes, in pictures of less than 200 KB', () => {
    const pictures = [...readme.matchAll(/(?:srcset|src)="([^"]+)"/g)].map(([, file = '']) => file);
    expect(pictures).toEqual(['docs/dashboard-dark.png', 'docs/dashboard-light.png']);
    for (const file of pictures) expect(statSync(file).size).toBeLessThan(200_000);
  });

  it('stays short', () => {
    expect(readme.split('\n').length).toBeLessThanOrEqual(131);
  });
});

describe('ARCHITECTURE', () => {
  const words = [...read('ARCHITECTURE.md').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);

  it('names files that exist, in the repository or in src', () => {
    const named = words.filter((word) => /^[a-z][\w.-]*\/[\w./-]*\w$|^[\w-]+\.ts$/.test(word));
    // What the build makes is not there before it.
    const paths = named.filter((path) => !path.startsWith('dist/'));
    expect(paths.length).toBeGreaterThan(30);
    expect(paths.filter((path) => !existsSync(path) && !existsSync(join('src', path)))).toEqual([]);
  });

  it('names methods that exist', () => {
    const sources = globSync('src/**/*.ts').map(read);
    const methods = words.filter((word) => /^[A-Z]\w+\.#?\w+$/.test(word) && !word.startsWith('FILE.'));
    expect(methods.length).toBeGreaterThan(3);
    const missing = methods.filter((word) => {
      const [name = '', method = ''] = word.split('.');
      const declared = new RegExp(
        `(?:class|interface) ${name} [^]*\\n  (?:async |readonly )?${method}(?:<\\w+>| = .*)?\\(`,
      );
      return !sources.some((source) => declared.test(source));
    });
    expect(missing).toEqual([]);
  });

  it('leads from the POST to the bytes in at most 35 functions', () => {
    const way = read('ARCHITECTURE.md').split('## One webhook')[1]?.split('\n## ')[0] ?? '';
    const functions = [...way.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
    const named = functions.filter((word) => !word.includes('/'));
    expect(named.length).toBeGreaterThan(30);
    expect(named.length).toBeLessThanOrEqual(35);
  });
});

describe('CONTRIBUTING', () => {
  const text = read('CONTRIBUTING.md');

  it('names files, folders and test paths that exist', () => {
    const named = [...text.matchAll(/`([^`\n]+)`/g)].flatMap(([, code = '']) => code.split(' '));
    const paths = named.filter((word) => /^(src|test|docs|load-tests|examples|scripts)\/|\.md$/.test(word));
    expect(paths.length).toBeGreaterThan(40);
    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
  });

  it('names npm scripts that exist', () => {
    const scripts = [...text.matchAll(/npm run ([a-z:]+)/g)].map(([, script = '']) => script);
    const missing = scripts.filter((script) => !read('package.json').includes(`"${script}": `));
    expect(missing).toEqual([]);
  });

  it.each([
    ...['a webhook kind', 'a lister', 'a query parameter', 'an endpoint', 'a transport', 'a setting'],
    ...['a metric', 'a method of the ledger', 'a message on the wire', 'a load test'],
  ])('says where to change %s', (change) => {
    expect(text).toContain(`| **${change}**`);
  });
});
