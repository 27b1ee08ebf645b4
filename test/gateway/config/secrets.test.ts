/** No secret of the configuration is in an error, a log or a print, however wrong it is written (G15). */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type LoadOptions, loadConfig, printConfig } from '../../../src/config/config.ts';
import { settings as tree } from '../../../src/config/schema.ts';
import { ConfigError } from '../../../src/config/settings/problems.ts';
import { maskUrl } from '../../../src/config/settings/secrets.ts';
import type { SchemaNode } from '../../../src/config/settings/tree.ts';
import { startGateway } from '../../support/gateway.ts';

const secret = 'hunter2hunter2';

/** Everything that the configuration says about a text: the print, or the error. */
function said(yaml: string, options: Partial<LoadOptions> = {}): string {
  const all: LoadOptions = { env: {}, readFile: () => yaml, ...options };
  try {
    return printConfig({ ...all, argv: ['--config', 'm.yaml', ...(options.argv ?? [])] });
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

function holdsSecret(node: SchemaNode): boolean {
  return node.secret !== undefined || (node.anyOf ?? []).some(holdsSecret);
}

const settings = tree.list();
/** `registries[].password` → `registries`, and all between. */
const withSections = (path: string): readonly string[] => {
  const parts = path.split('.');
  return parts.map((_, at) => parts.slice(0, at + 1).join('.'));
};
const secretPaths = settings.filter(({ node }) => holdsSecret(node)).map(({ path }) => path);
const secretPlaces = [...new Set(secretPaths.flatMap(withSections))];
/** Texts that may hold a URL. */
const texts = settings.filter(({ node }) => node.type === 'string').map(({ path }) => path);

const others: Readonly<Record<string, object>> = {
  registries: { host: 'a.test', username: 'u' },
  webhooks: { name: 'a', kind: 'harbor' },
  access: { name: 'a' },
  watch: { repository: 'a' },
};

/** A tree with one value at a path; the entries of lists have what they need besides. */
function treeOf(path: string, value: unknown): unknown {
  const [part = '', ...rest] = path.split('.');
  const inner = rest.length === 0 ? value : treeOf(rest.join('.'), value);
  if (!part.endsWith('[]')) return { [part]: inner };
  const name = part.slice(0, -2);
  return { [name]: [isObject(inner) ? { ...others[name], ...inner } : inner] };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const wrongShapes = fc.constantFrom<unknown>(
  secret,
  [secret],
  [[secret]],
  { value: secret },
  [{ value: secret }],
  { username: [secret] },
  `Bearer ${secret}`,
  `${secret}\n`,
);

const urls = fc.constantFrom(
  `https://u:${secret}@h.test`,
  `https://${secret}@h.test/`,
  `https://:${secret}@h.test`,
  `https://u:a@${secret}@h.test`,
  `https://u:${secret}@h.test/path?x=1`,
  `https://u:a?${secret}@h.test`,
  `https://u:a#${secret}@h.test`,
  `https://h.test/?access_token=${secret}`,
  `https://h.test/#${secret}`,
  `http://u:${secret}@h.test`,
  `redis://u:${secret}@h.test/0`,
  `ftp://u:${secret}@h.test`,
  `HTTPS://U:${secret}@H.TEST`,
);

describe('a secret of the configuration', () => {
  it('is known to be one: passwords, tokens, hashes and URLs', () => {
    expect(secretPaths).toEqual(
      expect.arrayContaining([
        'ledger',
        'ledger.password',
        'registries[].password',
        'webhooks[].secret',
        'webhooks[].token',
        'webhooks[].password',
        'webhooks[].pathToken',
        'webhooks[].jwks',
        'access[].sha256',
      ]),
    );
  });

  it('is in no error and no print, in whatever shape it stands in its place or around it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...secretPlaces), wrongShapes, (path, value) => {
        // There a bare word is a bad URL or path, which an error may quote.
        fc.pre(typeof value !== 'string' || !['ledger', 'webhooks[].jwks'].includes(path));
        expect(said(stringify(treeOf(path, value)))).not.toContain(secret);
      }),
      { numRuns: 500 },
    );
  });

  it('is in no error and no print as part of a URL, in any setting', () => {
    fc.assert(
      fc.property(fc.constantFrom(...texts, ...secretPlaces), urls, fc.boolean(), (path, url, inList) => {
        // A query is no secret in a setting that takes no URL.
        fc.pre(url.includes('@') || holdsSecret(settings.find((each) => each.path === path)?.node ?? {}));
        expect(said(stringify(treeOf(path, inList ? [url] : url)))).not.toContain(secret);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['endpoint: with a password', `registries: [{ host: a, endpoint: "https://u:${secret}@h.test" }]`],
    ['a bare token as access', `access: ${secret}`],
    ['a token in the list of access', `access: [${secret}]`],
    ['a mapping where a list belongs', `webhooks: { token: ${secret} }`],
    ['a mistyped name of a secret', `webhooks: [{ name: a, kind: harbor, tokn: ${secret} }]`],
    ['a jwks URL with a password', `webhooks: [{ name: a, kind: gar, jwks: "https://u:${secret}@h.test" }]`],
    ['an origin with a password', `cors: { origins: ["https://u:${secret}@h.test"] }`],
    ['an alias', `webhooks: [{ name: a, kind: harbor, token: *${secret} }]`],
    ['a quote that does not end', `webhooks: [{ name: a, kind: harbor, token: "${secret} }]`],
    ['an escape that is none', `ledger: { password: "\\${secret}" }`],
    ['a tag', `ledger: { password: !${secret} x }`],
    ['a reserved character', `ledger: { password: @${secret} }`],
    ['a closing bracket', `ledger: { password: a}${secret} }`],
    ['a block scalar with more in its head', `ledger:\n  password: |${secret}\n    x`],
    ['a dotted key beside a scalar', `access: ${secret}\naccess.name: x`],
    ['a key in the place of its path', `registries: [{ host: a, dockerConfig: '{"auths":"${secret}"}' }]`],
    ['a PEM text in the place of its path', `registries: [{ host: a, caFile: "-----BEGIN\\n${secret}" }]`],
  ])('is not in the error about %s', (_name, yaml) => {
    const readFile = (path: string) => {
      if (path === 'm.yaml') return yaml;
      throw Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: 'ENOENT' });
    };
    const error = said(yaml, { readFile });
    expect(error).toMatch(/^read configuration: [1-9]/);
    expect(error).not.toContain(secret);
  });

  it.each([
    [['--ledger.passwrd', secret]],
    [['-ledger.password', secret]],
    [[secret]],
    [[`--acess=${secret}`]],
    [['--ledger', `mongo://u:${secret}@h`]],
  ])('is not in the error about the arguments %#', (argv) => {
    const error = said('', { argv });
    expect(error).toMatch(/^read configuration: [1-9]/);
    expect(error).not.toContain(secret);
  });

  it('is not in the print of a configuration that is right', () => {
    const yaml = stringify({
      ledger: { url: `redis://u:${secret}@h.test:6379/0` },
      registries: [{ host: 'a.test', username: 'u', password: secret }],
      webhooks: [
        { name: 'a', kind: 'ghcr', secret },
        { name: 'b', kind: 'harbor', token: secret },
        { name: 'c', kind: 'quay', pathToken: secret },
        { name: 'd', kind: 'nexus', registry: 'n.test', username: 'u', password: secret },
      ],
    });
    const printed = said(yaml);
    expect(printed).toContain('redis://***@h.test:6379/0');
    expect(printed).not.toContain(secret);
  });

  it('is not in the log of a start', async () => {
    const settings = {
      registries: [{ host: '127.0.0.1:1', plainHttp: true, username: 'u', password: secret }],
      webhooks: [{ name: 'a', kind: 'harbor', token: secret }],
    };
    const gateway = await startGateway(settings);
    await gateway.close();
    expect(gateway.logs()).not.toContain(secret);
  });
});

describe('what is no secret', () => {
  it.each([
    'sqlite:./data/a@b.db',
    'memory',
    '/etc/keys@v1.json',
    './keys?.json',
    'redis://h.test:6379/0',
    'https://h.test/keys',
  ])('%s is shown as it is', (value) => {
    expect(maskUrl(value)).toBe(value);
  });

  it('stays readable in a print and an error', () => {
    expect(said('access: open')).toContain('access: open');
    expect(said('registries: [{ host: a, endpoint: "https://h.test/api?x" }]')).toContain('h.test/api?***');
    expect(loadConfig({ env: {}, argv: [] }).access.kind).toBe('open');
  });
});
