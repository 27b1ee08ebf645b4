/** `docs/webhooks.md` as it is written: its configuration passes the checks, every example with curl is taken. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../../../../src/config/config.ts';
import { kinds } from '../../../../src/source/webhook/kinds.ts';
import { makeTestServer, type TestServer } from '../../../support/webhook.ts';

const root = new URL('../../../../', import.meta.url);
const page = readFileSync(new URL('docs/webhooks.md', root), 'utf8');
const yaml = /```yaml\n(webhooks:[\s\S]*?)```/.exec(page)?.[1] ?? '';
const file = (path: string) => (path === 'page.yaml' ? yaml : readFileSync(new URL(path, root), 'utf8'));
const configured = loadConfig({ argv: ['--config', 'page.yaml'], env: {}, readFile: file }).webhooks;
const hooks = configured.map(({ jwks, ...hook }) => ({
  ...hook,
  jwks: jwks === undefined ? undefined : new URL(jwks, root).pathname,
}));
const examples = [...page.matchAll(/```sh\n(curl [\s\S]*?)```/g)].map((match) => match[1] ?? '');

let server: TestServer;
beforeAll(async () => {
  server = await makeTestServer(hooks);
});
afterAll(() => server.app.close());

test('the page configures and shows every kind', () => {
  expect(new Set(hooks.map(({ kind }) => kind))).toEqual(new Set(kinds.keys()));
  expect(examples.map((example) => /hooks\/([a-z-]+)/.exec(example)?.[1])).toEqual(
    hooks.map(({ name }) => name),
  );
  const sections = [...page.matchAll(/^## ([a-z-]+)$/gm)].map((match) => match[1]);
  expect(sections).toEqual([...new Set(hooks.map(({ kind }) => kind))]);
});

test('the table at the beginning has a row for every kind', () => {
  const table = page.slice(page.indexOf('## At a glance'), page.indexOf('For all kinds:'));
  const rows = [...table.matchAll(/^\| (`[^|]+) \|/gm)].map((match) => match[1] ?? '');
  const named = rows.flatMap((row) => [...row.matchAll(/`([a-z-]+)`/g)].map((match) => match[1]));
  expect([...named].sort()).toEqual([...kinds.keys()].sort());
});

test.each(examples)('taken: %s', async (example) => {
  const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' };
  for (const [, name, value] of example.matchAll(/-H '([\w-]+): ([^']*)'/g))
    headers[(name ?? '').toLowerCase()] = value ?? '';
  const file = /--data-binary @(\S+)/.exec(example)?.[1];
  const inline = /-d '([^']*)'/.exec(example)?.[1] ?? '';
  const payload = file === undefined ? inline : readFileSync(new URL(file, root));
  const url = /http:\/\/127\.0\.0\.1:8080(\S+)/.exec(example)?.[1] ?? '';
  const answer = await server.app.inject({ method: 'POST', url, headers, payload });
  expect([answer.statusCode, answer.json().accepted]).toEqual([202, 1]);
});
