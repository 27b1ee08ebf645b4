import { expect, test } from 'vitest';
import { firstSteps } from '../../../src/cli/first-steps.ts';
import { loadConfig } from '../../../src/config/config.ts';

const sha256 = 'a'.repeat(64);

/** What is behind `dashboard:`, `subscribe:`, `publish:` or `webhook:`; null where there is no such line. */
function stepsOf(settings: object, host = '127.0.0.1') {
  const readFile = () => JSON.stringify(settings);
  const text = firstSteps(loadConfig({ argv: ['--config', 'm'], env: {}, readFile }), { host, port: 80 });
  const line = (name: string) => new RegExp(`${name}: +(.*)`).exec(text)?.[1] ?? null;
  const dashboard = line('dashboard');
  return {
    text,
    dashboard,
    subscribe: line('subscribe'),
    publish: line('publish'),
    webhook: line('webhook'),
  };
}

test('firstSteps of a gateway that nobody configured subscribes to what it publishes', () => {
  const { subscribe, publish, webhook } = stepsOf({});
  expect(subscribe).toBe("curl -N 'http://127.0.0.1:80/v1/events?repository=nginx'");
  expect(publish).toMatch(
    /^curl -d '\{"reference":"nginx:1\.27",.*\}' 'http:\/\/127\.0\.0\.1:80\/v1\/hooks\/publish'$/,
  );
  expect(webhook).toBeNull();
});

test('firstSteps names a configured hook of our own kind and where its bare names live', () => {
  const hooks = [
    { name: 'hub', kind: 'docker-hub', pathToken: 's3cret' },
    { name: 'ci', kind: 'manifeed', token: 's3cret', registry: 'r.test' },
  ];
  const { text, subscribe, publish } = stepsOf({ webhooks: hooks });
  expect(subscribe).toContain('repository=r.test/nginx');
  expect(publish).toMatch(/^curl -H "Authorization: Bearer \$HOOK_TOKEN" -d .*\/v1\/hooks\/ci'$/);
  expect(text).not.toContain('s3cret');
});

test('firstSteps leaves out a publish that would not work, and says which hook there is', () => {
  const hub = { name: 'hub', kind: 'docker-hub', pathToken: 's3cret' };
  const withPassword = { name: 'ci', kind: 'manifeed', username: 'u', password: 's3cret' };
  const { text, publish, webhook } = stepsOf({ webhooks: [hub, withPassword] });
  expect([publish, webhook]).toEqual([null, 'http://127.0.0.1:80/v1/hooks/hub/*** (docker-hub)']);
  expect(text).not.toContain('s3cret');
  expect(stepsOf({ webhooks: [] })).toMatchObject({ publish: null, webhook: null });
});

test.each([
  [
    'behind a proxy, with tokens and without webhooks',
    { access: [{ name: 'a', sha256 }], trustProxy: ['::1'] },
    true,
  ],
  ['with a registry that nothing polls', { webhooks: [], registries: [{ host: 'r.test' }] }, true],
  [
    'with a watch',
    { webhooks: [], registries: [{ host: 'docker.io' }], watch: [{ repository: 'app' }] },
    false,
  ],
  ['with polling on demand', { webhooks: [], registries: [{ host: 'r', poll: { onDemand: true } }] }, false],
  ['with a webhook', {}, false],
])('firstSteps says whether no change can arrive: %s', (_, settings, says) => {
  expect(stepsOf(settings).text.includes('  changes:    none can arrive: set webhooks')).toBe(says);
});

test('firstSteps asks for everything where an exact name may be unknown or not granted', () => {
  expect(stepsOf({ registries: [{ host: 'r.test' }] }).subscribe).toContain("?repository=**'");
  const access = [{ name: 'a', sha256, repositories: ['team/*'] }];
  expect(stepsOf({ access }).subscribe).toBe(
    `curl -N -H "Authorization: Bearer $TOKEN" 'http://127.0.0.1:80/v1/events?repository=**'`,
  );
});

test('firstSteps connects to loopback where the gateway listens on all addresses', () => {
  const open = { listen: '0.0.0.0:80', access: 'open' };
  expect(stepsOf(open, '0.0.0.0').text).toContain('Manifeed listens on http://0.0.0.0:80\n');
  expect(stepsOf(open, '0.0.0.0').subscribe).toContain("'http://127.0.0.1:80/");
  expect(stepsOf(open, '::').subscribe).toContain("'http://[::1]:80/");
});

test('firstSteps says where the dashboard is, unless it is switched off', () => {
  expect(stepsOf({}).dashboard).toBe('http://127.0.0.1:80/ui/');
  expect(stepsOf({ listen: '0.0.0.0:80', access: 'open' }, '0.0.0.0').dashboard).toBe(
    'http://127.0.0.1:80/ui/',
  );
  expect(stepsOf({ ui: { enabled: false } }).dashboard).toBeNull();
});
