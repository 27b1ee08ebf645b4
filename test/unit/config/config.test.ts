import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/config.ts';
import { load, problems, sha256 } from '../../support/config.ts';

describe('loadConfig, values', () => {
  it('has a default for everything', () => {
    const config = loadConfig({ env: {} });
    expect(config).toMatchObject({
      listen: { host: '127.0.0.1', port: 8080 },
      ledger: { kind: 'sqlite', path: './data/manifeed.db' },
      defaultRegistry: 'docker.io',
      retention: { maxChanges: 1_000_000, maxAgeMs: 30 * 86_400_000 },
      registries: [],
      watch: [],
      access: { kind: 'open' },
      pace: { deliveriesPerSecond: 500, maxWindowMs: 600_000, burst: 100, allowNone: true, exceptions: [] },
      limits: { connections: 17_500, maxMessageBytes: 65_536, heartbeatIntervalMs: 20_000 },
      facade: { enabled: true, maxAgeMs: 60_000, onDemand: false },
      manifests: { maxBytes: 256 * 1024 * 1024 },
      drain: { windowMs: 10_000 },
      log: { level: 'info' },
      trustProxy: [],
      ui: { enabled: true },
    });
    expect(config.webhooks.map((hook) => [hook.name, hook.kind, hook.verify])).toEqual([
      ['publish', 'manifeed', 'none'],
      ['local', 'distribution', 'none'],
    ]);
  });

  it("reads DESIGN's example", () => {
    const config = load(
      `
listen: 127.0.0.1:8080
ledger: sqlite:./data/manifeed.db
retention: { maxChanges: 1000000, maxAge: 30d }
registries:
  - host: registry.example.com:5000
    plainHttp: true
    username: reader
    password: \${REGISTRY_PASSWORD}
    poll: { interval: 60s, minInterval: 15s, maxInterval: 15m, requestsPerSecond: 10, onDemand: true }
webhooks:
  - name: local
    kind: distribution
    registry: registry.example.com:5000
    token: \${HOOK_TOKEN}
watch:
  - repository: registry.example.com:5000/library/base
    tags: ["*"]
access: open
pace: { deliveriesPerSecond: 500, maxWindow: 10m, burst: 100 }
limits: { connections: 19000, connectionsPerAddress: 1000, newConnectionsPerSecond: 2000 }
`,
      { env: { REGISTRY_PASSWORD: '0123', HOOK_TOKEN: 'true' } },
    );
    expect(config.registries[0]).toMatchObject({
      password: '0123',
      poll: { intervalMs: 60_000, minIntervalMs: 15_000, maxIntervalMs: 900_000, onDemand: true },
    });
    expect(config.webhooks).toEqual([
      {
        name: 'local',
        kind: 'distribution',
        registry: 'registry.example.com:5000',
        token: 'true',
        maxBytes: 4 * 1024 * 1024,
      },
    ]);
    expect(config.watch).toEqual([
      {
        ...{ repository: 'registry.example.com:5000/library/base', tags: ['*'], announceExisting: false },
        ...{ platforms: false, manifests: false },
      },
    ]);
  });

  it('knows a registry by one spelling, and a token service as it is written', () => {
    const config = load(`
registries: [{ host: GHCR.io, tokenService: Index.docker.io }, { host: "[2001:0DB8::1]:5000" }]
webhooks: [{ name: a, kind: gitlab, token: x, registry: Index.docker.io }]
facade: { registries: [GHCR.io] }
defaultRegistry: Registry.Example.com
`);
    const { registries, webhooks, facade, defaultRegistry } = config;
    expect(registries).toMatchObject([
      { host: 'ghcr.io', tokenService: 'Index.docker.io' },
      { host: '[2001:db8::1]:5000' },
    ]);
    expect([webhooks[0]?.registry, facade.registries, defaultRegistry]).toEqual([
      'docker.io',
      ['ghcr.io'],
      'registry.example.com',
    ]);
    const twice = (...hosts: readonly string[]) =>
      problems(`registries: [${hosts.map((host) => `{ host: "${host}" }`).join(', ')}]`);
    expect(twice('docker.io', 'Index.docker.io')).toEqual([
      'registries[1].host: "docker.io": must differ from registries[0].host',
    ]);
    expect(twice('[::1]', '[0::1]').length).toBe(1);
    expect(load('registries: [{ host: ghcr.io }, { host: "ghcr.io:443" }]').registries.length).toBe(2);
  });

  it('takes flags over the environment over the file over defaults', () => {
    const yaml = 'pace: { burst: 1, deliveriesPerSecond: 1, maxWindow: 1s }';
    const env = { MANIFEED_PACE_BURST: '2', MANIFEED_PACE_DELIVERIES_PER_SECOND: '2.5' };
    const config = load(yaml, { env, argv: ['--pace.burst=3'] });
    expect(config.pace).toMatchObject({ burst: 3, deliveriesPerSecond: 2.5, maxWindowMs: 1_000 });
  });

  it('takes lists of texts from the environment, separated by commas', () => {
    const env = { MANIFEED_TRUST_PROXY: '10.0.0.0/8, ::1', MANIFEED_CORS_ORIGINS: 'https://a.example.com' };
    const config = loadConfig({ env });
    expect(config.trustProxy).toEqual(['10.0.0.0/8', '::1']);
    expect(config.cors.origins).toEqual(['https://a.example.com']);
  });

  it('takes flags in either spelling and both forms', () => {
    const argv = [
      '--pace.deliveries-per-second',
      '7',
      '--listen=[::1]:0',
      '--pace.allowNone',
      '--log.level=debug',
    ];
    expect(loadConfig({ env: {}, argv })).toMatchObject({
      pace: { deliveriesPerSecond: 7, allowNone: true },
      listen: { host: '::1', port: 0 },
      log: { level: 'debug' },
    });
  });

  it.each([
    ['memory', { kind: 'memory' }],
    ['"memory:"', { kind: 'memory' }],
    ['sqlite:/var/lib/m.db', { kind: 'sqlite', path: '/var/lib/m.db' }],
    ['redis://h:6379/0', { kind: 'redis', url: 'redis://h:6379/0', minReplicas: 0, keyPrefix: 'manifeed' }],
    [
      '{ sentinels: ["a:1", "b:2"], name: main, minReplicas: 1 }',
      { kind: 'redis', url: 'redis://', sentinels: ['a:1', 'b:2'], name: 'main', minReplicas: 1 },
    ],
    ['{ url: "rediss://h", username: u, password: p }', { kind: 'redis', username: 'u', password: 'p' }],
  ])('reads the ledger %s', (text, expected) => {
    expect(load(`ledger: ${text}`).ledger).toMatchObject(expected);
  });

  it('adds a part of the ledger from the environment to the whole from the file', () => {
    const env = { MANIFEED_LEDGER_PASSWORD: 'p' };
    expect(load('ledger: redis://h', { env }).ledger).toMatchObject({ url: 'redis://h', password: 'p' });
  });

  it('gives a lone variable the type of its place, and texts what they hold', () => {
    const env = { BURST: '9', NAME: '12345', ADMIN: 'true' };
    const config = load(
      `pace: { burst: "\${BURST}" }
access: [{ name: "\${NAME}", sha256: ${sha256}, admin: "\${ADMIN}" }]`,
      { env },
    );
    expect(config.pace.burst).toBe(9);
    expect(config.access).toMatchObject({ tokens: [{ name: '12345', admin: true }] });
  });

  it('interpolates within texts, with defaults and an escape, and can add no keys', () => {
    const env = { A: 'x, admin: true }' };
    const config = load(`access: [{ name: "\${A}-\${B:-none}-$\${C}", sha256: ${sha256} }]`, { env });
    expect(config.access).toMatchObject({ tokens: [{ name: `x, admin: true }-none-\${C}`, admin: false }] });
  });

  it('takes a key without a value as not given', () => {
    expect(load('webhooks:\nregistries:\npace:\n').webhooks).toHaveLength(2);
  });

  it('reads the files that it names', () => {
    const certificate = readFileSync(
      new URL('../../fixtures/webhooks/ecr/sns-test-cert.pem', import.meta.url),
      'utf8',
    );
    const files: Record<string, string> = {
      'ca.pem': certificate,
      'docker.json': '{}',
      'sns.pem': certificate,
    };
    const yaml = `
registries: [{ host: a.example.com, caFile: ca.pem, dockerConfig: docker.json }]
webhooks: [{ name: e, kind: ecr, topics: ["arn:aws:sns:eu-west-1:1:t"], certificates: sns.pem }]
ledger: { url: "rediss://h", caFile: ca.pem }
`;
    const config = load(yaml, {
      readFile: (path) => (path === 'manifeed.yaml' ? yaml : (files[path] ?? '')),
    });
    expect(config.registries[0]).toMatchObject({ ca: certificate, dockerConfigText: '{}' });
    expect(config.webhooks[0]).toMatchObject({ certificates: certificate });
    expect(config.ledger).toMatchObject({ ca: certificate });
  });

  it.each(['PEM', '', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])(
    'refuses authorities that TLS would pass over: %j',
    (text) => {
      const yaml = `
registries: [{ host: a.example.com, caFile: ca.pem }]
targets: [{ name: a, kind: keel, url: "https://h", caFile: ca.pem }]
ledger: { url: "rediss://h", caFile: ca.pem }
`;
      const readFile = (path: string) => (path === 'manifeed.yaml' ? yaml : text);
      const rule = 'no readable certificate in it: must be a PEM file';
      expect(problems(yaml, { readFile })).toEqual(
        ['registries[0]', 'targets[0]', 'ledger'].map((section) => `${section}.caFile: ${rule}`),
      );
    },
  );

  it('is frozen all the way down', () => {
    const config = load('pace: { rules: [{ repository: "quay.io/**", burst: 1 }] }');
    expect(Object.isFrozen(config) && Object.isFrozen(config.pace.exceptions[0])).toBe(true);
    expect(config.pace.exceptions).toEqual([{ pattern: 'quay.io/**', burst: 1 }]);
  });
});

describe('loadConfig, keys with dots', () => {
  it.each([
    ['ledger.minReplicas: 1\nledger.url: redis://h', 'ledger: { url: redis://h, minReplicas: 1 }'],
    ['ledger: redis://h\nledger.minReplicas: 1', 'ledger: { url: redis://h, minReplicas: 1 }'],
    ['ledger.minReplicas: 1\nledger: { url: redis://h }', 'ledger: { url: redis://h, minReplicas: 1 }'],
    ['pace:\npace.burst: 7', 'pace: { burst: 7 }'],
    ['registries: [{ host: a, poll.interval: 5s }]', 'registries: [{ host: a, poll: { interval: 5s } }]'],
    ['log.level: debug\nlimits.maxBody: 2MiB', 'log: { level: debug }\nlimits: { maxBody: 2MiB }'],
    [
      'targets: [{ name: a, kind: http, url: "https://h/x", success.json: { a.b: true } }]',
      'targets: [{ name: a, kind: http, url: "https://h/x", success: { json: { a.b: true } } }]',
    ],
    [
      'targets: [{ name: a, kind: http, url: "https://h/x", success.json.result.ok: true, form: { a.b.c: x } }]',
      'targets: [{ name: a, kind: http, url: "https://h/x", success: { json: { "result.ok": true } }, form: { "a.b.c": x } }]',
    ],
  ])('reads %j as the settings table names it', (dotted, nested) => {
    expect(load(dotted)).toEqual(load(nested));
  });

  it('puts variables into them and gives them the type of their place', () => {
    expect(load(`pace.burst: \${N}`, { env: { N: '7' } }).pace.burst).toBe(7);
  });

  it('lets flags and variables override them', () => {
    expect(load('pace.burst: 1', { env: { MANIFEED_PACE_BURST: '2' } }).pace.burst).toBe(2);
  });

  it.each([
    ['pace.burst: 1\npace: { burst: 2 }', 'pace.burst: given with a dot and within pace: must be given once'],
    [
      'ledger: memory\nledger.url: memory',
      'ledger.url: ledger is given too, as "memory": must be given once',
    ],
    ['pace: x\npace.burst: 1', 'pace.burst: pace is given too, as "x": must be given once'],
    ['pace.brust: 1', 'pace.brust: unknown key: did you mean "burst"?'],
    ['registries.host: a', 'registries: a mapping: must be a list of registries'],
  ])('refuses %j', (yaml, expected) => {
    expect(problems(yaml)).toContain(expected);
  });

  it('takes a key that begins with no section for an unknown key', () => {
    expect(problems('x.y: 1')[0]).toMatch(/^x\.y: unknown key/);
    expect(problems(`pace.${'a.'.repeat(400)}b: 1`)[0]).toMatch(/unknown key/);
    expect(problems('__proto__.x: 1')[0]).toMatch(/^__proto__\.x: unknown key/);
  });
});

describe('loadConfig, intervals of polling', () => {
  const pollOf = (poll: string) => {
    const { minIntervalMs, intervalMs, maxIntervalMs } =
      load(`registries: [{ host: a, poll: ${poll} }]`).registries[0]?.poll ?? {};
    return [minIntervalMs, intervalMs, maxIntervalMs];
  };

  it.each([
    ['{}', [15_000, 60_000, 900_000]],
    ['{ interval: 5s }', [5_000, 5_000, 900_000]],
    ['{ interval: 1h }', [15_000, 3_600_000, 3_600_000]],
    ['{ minInterval: 2m }', [120_000, 120_000, 900_000]],
    ['{ minInterval: 1h }', [3_600_000, 3_600_000, 3_600_000]],
    ['{ maxInterval: 10s }', [10_000, 10_000, 10_000]],
    ['{ minInterval: 1s, maxInterval: 10s }', [1_000, 10_000, 10_000]],
    ['{ interval: 5s, maxInterval: 10s }', [5_000, 5_000, 10_000]],
  ])('%s: the bounds that are not given follow', (poll, expected) => {
    expect(pollOf(poll)).toEqual(expected);
  });

  it('refuse what is no duration by its own name alone', () => {
    expect(problems('registries: [{ host: a, poll: { interval: soon } }]')).toHaveLength(1);
    expect(problems('registries: [{ host: a, poll: { interval: 5s, minInterval: 15s } }]')).toEqual([
      'registries[0].poll: need minInterval ≤ interval ≤ maxInterval; got 15s, 5s, 15m',
    ]);
  });
});

describe('loadConfig, safe by default', () => {
  it.each(['0.0.0.0:8080', ':8080', '[::]:8080', '192.0.2.1:80', 'gateway.example.com:80'])(
    'refuses to listen on %s without tokens unless open access is written out',
    (listen) => {
      expect(problems(`listen: "${listen}"`)[0]).toMatch(
        /^access: missing: must be a list of tokens.*"open"/,
      );
      expect(load(`listen: "${listen}"\naccess: open`).access).toEqual({ kind: 'open' });
      expect(load(`listen: "${listen}"\naccess: [{ name: a, sha256: ${sha256} }]`).access.kind).toBe(
        'tokens',
      );
    },
  );

  it.each(['127.0.0.1:1', '127.8.9.1:1', 'localhost:1', '[::1]:1', '8080'])(
    'takes %s for loopback',
    (listen) => {
      expect(load(`listen: "${listen}"`).access.kind).toBe('open');
    },
  );

  it('opens no hook by itself beyond loopback, nor beside configured ones', () => {
    expect(load('listen: 0.0.0.0:80\naccess: open').webhooks).toEqual([]);
    expect(load('webhooks: []').webhooks).toEqual([]);
  });

  it('says once that a file cannot be read', () => {
    const hook = '{ name: e, kind: ecr, topics: ["arn:aws:sns:eu-west-1:1:t"], certificates: ./none.pem }';
    expect(problems(`webhooks: [${hook}]`)).toEqual([
      'webhooks[0].certificates: "./none.pem": must be a readable file: no such file',
    ]);
  });

  it('serves the registry read API by default on loopback only', () => {
    expect(load('').facade.enabled).toBe(true);
    expect(load(`access: [{ name: a, sha256: ${sha256} }]`).facade.enabled).toBe(true);
    expect(load('listen: 0.0.0.0:80\naccess: open').facade.enabled).toBe(false);
    expect(load('listen: 0.0.0.0:80\naccess: open\nfacade.enabled: true').facade.enabled).toBe(true);
    expect(load('facade: { enabled: false }').facade.enabled).toBe(false);
    expect(
      load('facade: { onDemand: true, maxAge: 0s, maxListAge: 10m, registries: [ghcr.io] }').facade,
    ).toEqual({
      ...{ enabled: true, onDemand: true, maxAgeMs: 0, maxListAgeMs: 600_000, registries: ['ghcr.io'] },
    });
  });

  it('lets everybody skip the pace only with open access on loopback', () => {
    expect(load('').pace.allowNone).toBe(true);
    expect(load('listen: 0.0.0.0:80\naccess: open').pace.allowNone).toBe(false);
    expect(load(`access: [{ name: a, sha256: ${sha256} }]`).pace.allowNone).toBe(false);
    expect(load('pace: { allowNone: false }').pace.allowNone).toBe(false);
  });
});
