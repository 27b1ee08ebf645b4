/** `docs/read-api.md` as it is written: its gateways start, its settings can be read, its requests are answered so. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../../src/config/config.ts';
import { type FakeRegistry, startFakeRegistry } from '../../support/fake-registry.ts';
import { type Gateway, type Settings, startGateway } from '../../support/gateway.ts';
import { askPlain } from '../../support/plain-http.ts';

const page = readFileSync(new URL('../../../docs/read-api.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, language = '', text = '']) => ({
  language,
  text,
}));
const of = (language: string) =>
  blocks.filter((block) => block.language === language).map(({ text }) => text);
const gateways = of('yaml').filter((text) => text.startsWith('listen:'));
/** Its SHA-256 is in the page. */
const token = 'test';
const host = 'manifeed.example.com';
const env = { HUB_TOKEN: 'h', HOOK_TOKEN: 'w' };

/** Requests by the section that shows them: a tool's name. */
const requests = page.split('\n## ').flatMap((section) => {
  const [tool = ''] = section.split('\n');
  const shown = [...section.matchAll(/^(\d{3}) (GET|HEAD) (\S+)$/gm)];
  return shown.map(([, status, method = '', path = '']) => ({ tool, status: Number(status), method, path }));
});
/** These need the gateway without tokens. */
const mirrored = new Set(['Watchtower', 'Docker']);

describe('the settings of a gateway', () => {
  it.each(gateways)('are accepted: %#', (text) => {
    const config = loadConfig({ argv: ['--config', 'm.yaml'], env, readFile: () => text });
    expect(config.facade.enabled).toBe(true);
    // The warning: what a mirror needs.
    if (config.facade.registries !== undefined) expect(text).toContain('access: open');
  });

  it('are two: one with tokens, and one for mirrors', () => {
    expect(gateways.map((text) => text.includes('access: open'))).toEqual([false, true]);
  });
});

describe('the settings of tools', () => {
  it.each(of('json'))('can be read as JSON: %#', (text) => {
    expect(JSON.parse(text)).toEqual(expect.any(Object));
  });
  it.each(of('yaml'))('can be read as YAML: %#', (text) => {
    expect(parse(text)).toEqual(expect.any(Object));
  });
  it.each(of('toml'))('look like TOML: %#', (text) => {
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    for (const line of lines) expect(line).toMatch(/^\[\[?[\w."/:-]+\]?\]$|^\w+ = (".*"|\[.*\])( # .*)?$/);
  });
  it('name the gateway by one host', () => {
    expect(new Set(page.match(/\bmanifeed\.[a-z.]+\b/g))).toEqual(new Set([host]));
  });
});

describe('a request of a tool', () => {
  let registry: FakeRegistry;
  let closed: Gateway;
  let mirror: Gateway;

  beforeAll(async () => {
    registry = await startFakeRegistry();
    for (const tag of ['1.27', '1.28']) registry.push('library/nginx', tag, tag);
    registry.push('team/app', '1.0', 'one');
    const [withTokens = '', withoutTokens = ''] = gateways;
    closed = await start(withTokens, registry);
    mirror = await start(withoutTokens, registry);
  });
  afterAll(async () => {
    await closed?.close();
    await mirror?.close();
    await registry?.close();
  });

  it('is shown for every tool that can be pointed here', () => {
    const [table = ''] = page.split('## How do I switch it on?');
    const linked = [...table.matchAll(/^\| \[([^\]]+)\]\(#/gm)].map(([, name = '']) => name);
    expect(linked.length).toBeGreaterThanOrEqual(10);
    const shown = new Set(requests.map(({ tool }) => tool));
    expect(linked.map((name) => name.replace(/ \(.*\)$/, ''))).toEqual([...shown]);
  });

  it.each(requests)('$tool: $method $path is answered with $status', async (asked) => {
    const { tool, status, method, path } = asked;
    const isOpen = mirrored.has(tool);
    const headers = isOpen ? { host } : { host, authorization: basic(token) };
    const answer = await askPlain((isOpen ? mirror : closed).port, method, path, headers);
    expect(answer.status).toBe(status);
  });

  it('by hand is answered, whole address by whole address', async () => {
    const [, section = ''] = page.split('\n## Questions by hand');
    const urls = section.split('\n## ')[0]?.match(/http:\/\/127\.0\.0\.1:8080[^'`\s]*/g) ?? [];
    const gets = urls.filter((url) => !url.endsWith('/check'));
    expect([gets.length, urls.length]).toEqual([6, 7]);
    for (const url of gets) {
      const path = url.replace('http://127.0.0.1:8080', '');
      const answer = await askPlain(closed.port, 'GET', path, { host, authorization: basic(token) });
      expect([path, answer.status]).toEqual([path, 200]);
    }
  });

  it('is challenged by the gateway with tokens, and never by the one for mirrors', async () => {
    for (const path of ['/v2/', '/v2/library/nginx/manifests/1.27']) {
      expect((await askPlain(closed.port, 'GET', path, { host })).status).toBe(401);
      const headers = { host, authorization: basic('a-password-of-docker-hub') };
      const answer = await askPlain(mirror.port, 'GET', path, headers);
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([200, undefined]);
    }
    expect(mirror.logs()).not.toMatch(/a-password-of/);
  });
});

function basic(password: string): string {
  return `Basic ${Buffer.from(`any:${password}`).toString('base64')}`;
}

/** As the page has it, but on a free port, with the registries of the test, and in memory. */
function start(text: string, registry: FakeRegistry): Promise<Gateway> {
  const settings = parse(text) as Settings & { readonly registries: readonly object[] };
  const registries = settings.registries.map((each) => ({
    ...each,
    ...{ username: undefined, password: undefined },
    ...{ endpoint: registry.url, kind: 'generic', plainHttp: true },
  }));
  const webhooks = [{ name: 'hook', kind: 'manifeed', registry: 'registry.example.com', verify: 'none' }];
  return startGateway({
    ...settings,
    ...{ listen: '127.0.0.1:0', registries, webhooks, trustProxy: undefined },
  });
}
