/** The proxies' files under `deploy/`: no token of a request gets into their logs (G15). */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

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
