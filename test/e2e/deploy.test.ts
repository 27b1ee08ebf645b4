/** compose.yaml and `deploy/`: no token of a request gets into a log (G15), and containers may do little. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/config.ts';

const read = (name: string) => readFileSync(new URL(`../../deploy/${name}`, import.meta.url), 'utf8');
const withoutComments = (text: string) => text.replace(/^\s*#.*$/gm, '');

test('nginx logs the name of a hook and nothing behind it', () => {
  const text = withoutComments(read('nginx.conf'));
  const [, pattern = '(?!)', value = ''] =
    /map \$uri \$logged_uri \{[^}]*"~\*([^"]+)" "([^"]+)";/.exec(text) ?? [];
  const logged = (uri: string) => {
    const before = new RegExp(pattern, 'i').exec(uri)?.groups?.before_secret;
    return before === undefined ? uri : value.replace('$before_secret', before);
  };
  expect(logged('/v1/hooks/hub/t0ken')).toBe('/v1/hooks/hub/***');
  expect(logged('/V1/Hooks/hub/t0ken/more')).toBe('/V1/Hooks/hub/***');
  expect(logged('/gateway/v1/hooks/hub/t0ken')).toBe('/gateway/v1/hooks/hub/***');
  for (const plain of ['/v1/hooks/hub', '/v1/events', '/v2/updates']) expect(logged(plain)).toBe(plain);
});

test('nginx logs neither the path nor the request line anywhere else', () => {
  const text = withoutComments(read('nginx.conf'));
  const formats = [...text.matchAll(/log_format [^;]*;/g)].map((match) => match[0]).join('\n');
  expect(formats).toContain('$logged_uri');
  expect(formats).not.toMatch(/\$(?:uri|request|request_uri|args|query_string|document_uri)\b/);
  // Errors of a lower level quote the request line.
  expect([...text.matchAll(/error_log [^;]*;/g)].map((match) => match[0])).toEqual([
    'error_log /dev/stderr crit;',
  ]);
});

test('HAProxy logs no request', () => {
  expect(withoutComments(read('haproxy.cfg'))).not.toMatch(/^\s*(?:log|option httplog|log-format)\b/m);
});

test('both proxies say by which scheme they were reached, and pass no prefix of a client on', () => {
  const nginx = withoutComments(read('nginx.conf'));
  expect(nginx).toMatch(/proxy_set_header Host \$http_host;/);
  expect(nginx).toMatch(/proxy_set_header X-Forwarded-Proto \$scheme;/);
  expect(nginx).toMatch(/proxy_set_header X-Forwarded-Prefix "";/);
  const haproxy = withoutComments(read('haproxy.cfg'));
  for (const scheme of ['https if', 'http unless'])
    expect(haproxy).toContain(`http-request set-header X-Forwarded-Proto ${scheme} { ssl_fc }`);
  expect(haproxy).toContain('http-request del-header X-Forwarded-Prefix');
});

interface Service {
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly command?: readonly string[];
}

const compose: { services: Record<string, Service> } = parse(read('../compose.yaml'), { merge: true });

test.each(Object.entries(compose.services))(
  'compose: %s writes to its volumes alone, and has no privileges',
  (_name, { read_only, cap_drop, security_opt }) => {
    expect({ read_only, cap_drop, security_opt }).toEqual({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
  },
);

test.each([
  ['manifeed.yaml', {}],
  ['cluster.yaml', { REDIS_PASSWORD: 'pass word' }],
])(
  'deploy/%s is a configuration that starts, and answers to the name by which the registry calls',
  (file, env) => {
    const text = read(file);
    const options = { argv: ['--config', file], readFile: () => text };
    const config = loadConfig({ ...options, env });
    expect(config.hosts).toEqual(['manifeed']);
    expect(config.facade.enabled).toBe(true);
    if (config.ledger.kind !== 'redis') return;
    expect(config.ledger.password).toBe('pass word');
    expect(() => loadConfig({ ...options, env: {} })).toThrow(/REDIS_PASSWORD/);
  },
);

test('compose: Redis has no password that everybody knows, and does not start without one', async () => {
  const [, , script = ''] = compose.services.redis?.command ?? [];
  const child = spawn('sh', ['-c', script.replaceAll('$$', '$')], {
    env: { PATH: process.env.PATH ?? '', REDIS_PASSWORD: '' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => {
    said += bytes.toString();
  });
  const [code] = await once(child, 'close');
  expect([code, said]).toEqual([
    1,
    expect.stringMatching(/^start Redis: REDIS_PASSWORD: missing: must be set/),
  ]);
  expect(script).toMatch(/requirepass .*"\$\$REDIS_PASSWORD"/);
});
