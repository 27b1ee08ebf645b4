import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError, type LoadOptions, loadConfig, printConfig } from '../../../src/config/config.ts';

/** Loads from a file's text, with no environment unless one is given. */
function load(yaml: string, options: Partial<LoadOptions> = {}) {
  return loadConfig(sources(yaml, options));
}

function sources(yaml: string, options: Partial<LoadOptions> = {}): LoadOptions {
  return {
    env: {},
    readFile: (path) => (path === 'manifeed.yaml' ? yaml : readFileSync(path, 'utf8')),
    ...options,
    argv: ['--config', 'manifeed.yaml', ...(options.argv ?? [])],
  };
}

function problems(yaml: string, options: Partial<LoadOptions> = {}): string[] {
  try {
    load(yaml, options);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((one) => `${one.path}: ${one.message}`);
    throw error;
  }
  throw new Error('accepted');
}

const sha256 = 'a'.repeat(64);

/** Ten of ten of ten…: a few lines that would be ten billion texts. */
const bomb = Array.from({ length: 10 }, (_, level) => {
  const inner = level === 0 ? 'x' : `*a${level - 1}`;
  return `a${level}: &a${level} [${Array(10).fill(inner).join(', ')}]`;
}).join('\n');

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
      drain: { windowMs: 10_000 },
      log: { level: 'info' },
      trustProxy: [],
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
      { repository: 'registry.example.com:5000/library/base', tags: ['*'], announceExisting: false },
    ]);
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
    const files: Record<string, string> = { 'ca.pem': 'PEM', 'docker.json': '{}', 'sns.pem': certificate };
    const yaml = `
registries: [{ host: a.example.com, caFile: ca.pem, dockerConfig: docker.json }]
webhooks: [{ name: e, kind: ecr, topics: ["arn:aws:sns:eu-west-1:1:t"], certificates: sns.pem }]
ledger: { url: "rediss://h", caFile: ca.pem }
`;
    const config = load(yaml, {
      readFile: (path) => (path === 'manifeed.yaml' ? yaml : (files[path] ?? '')),
    });
    expect(config.registries[0]).toMatchObject({ ca: 'PEM', dockerConfigText: '{}' });
    expect(config.webhooks[0]).toMatchObject({ certificates: certificate });
    expect(config.ledger).toMatchObject({ ca: 'PEM' });
  });

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

describe('loadConfig, refusals', () => {
  it.each([
    ['acces: open', /^acces: unknown key: did you mean "access"\?$/],
    ['pace: { intervalMs: 1 }', /^pace\.intervalMs: unknown key: must be one of deliveriesPerSecond/],
    ['registries: [{ host: a, poll: { intervall: 1s } }]', /^registries\[0\]\.poll\.intervall: .*"interval"/],
    [
      'registries: [{ host: a, tokenService: "https://auth.lan/token" }]',
      /^registries\[0\]\.tokenService: .*must be a host with an optional port/,
    ],
    ['listen: here', /^listen: "here": must be HOST:PORT/],
    ['listen: 127.0.0.1:99999', /^listen: .*must be HOST:PORT/],
    ['pace: { burst: many }', /^pace\.burst: "many": must be an integer from 0/],
    ['pace: { burst: -1 }', /^pace\.burst: -1: must be an integer from 0/],
    ['pace: { maxWindow: 10 }', /^pace\.maxWindow: 10: must be a duration from 1s to 30d/],
    ['pace: { maxWindow: 10 minutes }', /must be a duration/],
    ['limits: { maxBody: 1EiB }', /^limits\.maxBody: "1EiB": must be a size from 1KiB to 64MiB/],
    ['ledger: mysql://h', /^ledger\.url: "mysql:\/\/h": must be memory, sqlite:PATH or redis/],
    ['ledger: { name: x }', /^ledger\.url: missing: must be memory,/],
    ['access: opn', /^access: "\*\*\*": must be open, or be a list of tokens.*: did you mean "open"\?$/],
    [
      'webhooks: [{ name: a, kind: gitla, verify: none }]',
      /^webhooks\[0\]\.kind: "gitla": .*did you mean "gitlab"/,
    ],
    [
      'cors: { origins: ["https://*.example.com"] }',
      /^cors\.origins\[0\]: .*must be an exact origin without "\*"/,
    ],
    ['access: []', /^access: an empty list: must have at least one token/],
    ['access: [{ name: a }]', /^access\[0\]\.sha256: missing: must be 64 hexadecimal/],
    [
      'cors: { origins: ["https://a.example.com/"] }',
      /^cors\.origins\[0\]: .*write https:\/\/a\.example\.com$/,
    ],
    ['cors: { origins: ["https://a.example.com/page"] }', /write https:\/\/a\.example\.com$/],
    ['cors: { origins: ["https://A.Example.com"] }', /write https:\/\/a\.example\.com$/],
    ['cors: { origins: ["https://a.example.com:443"] }', /write https:\/\/a\.example\.com$/],
    ['cors: { origins: ["http://localhost:80"] }', /write http:\/\/localhost$/],
    ['cors: { origins: ["wss://a.example.com"] }', /write https:\/\/a\.example\.com$/],
    ['cors: { origins: ["a.example.com"] }', /must be an exact origin/],
    ['cors: { origins: ["ftp://a.example.com"] }', /must be an exact origin/],
    ['cors: { origins: ["null"] }', /must be an exact origin/],
    ['hosts: ["manifeed:8080"]', /^hosts\[0\]: "manifeed:8080": must be a host name without a port/],
    ['hosts: ["https://manifeed"]', /^hosts\[0\]: .*must be a host name/],
    ['cors: { origins: ["*"] }', /must be an exact origin/],
    ['trustProxy: ["10.0.0.0/33"]', /must be an address or a CIDR range/],
    ['webhooks: [{ name: "a/b", kind: harbor, verify: none }]', /^webhooks\[0\]\.name: .*1–64 letters/],
    ['webhooks: [{ name: a, kind: harbour, verify: none }]', /^webhooks\[0\]\.kind: .*one of distribution/],
    ['webhooks: [{ name: a, kind: harbor }]', /^webhooks\[0\]: no secret: .*"verify: none"/],
    [
      'webhooks: [{ name: a, kind: harbor, username: u }]',
      /^webhooks\[0\]\.password: missing: .*because username is/,
    ],
    ['registries: [{ host: a, password: p }]', /^registries\[0\]\.username: missing: .*because password is/],
    [
      'registries: [{ host: a }, { host: A }]',
      /^registries\[1\]\.host: "a": must differ from registries\[0\]/,
    ],
    [
      'registries: [{ host: a, poll: { interval: 5s, minInterval: 15s, maxInterval: 15m } }]',
      /^registries\[0\]\.poll: need minInterval ≤ interval ≤ maxInterval; got 15s, 5s, 15m$/,
    ],
    ['registries: [{ host: a, caFile: /no/such/file }]', /^registries\[0\]\.caFile: .*readable file/],
    ['registries: [{ host: a, username: 1, password: p }]', /must be a user name, in quotes/],
    ['watch: [{ repository: "a:1", tags: [] }]', /^watch\[0\]\.tags: an empty list: must have at least one/],
    ['ledger: { sentinels: ["a:1"], cluster: ["b:1"] }', /^ledger: has sentinels and cluster: must have one/],
    ['log: { level: loud }', /^log\.level: "loud": must be one of debug/],
    [`defaultRegistry: \${NOWHERE}`, /^defaultRegistry: \$\{NOWHERE\}: must be set in the environment/],
    ['a: [', /^manifeed\.yaml:1:\d+: is not valid YAML/],
    ['a: 1\na: 2', /^manifeed\.yaml:2:1: is not valid YAML/],
    ['ledger: memory:', /^manifeed\.yaml:1:9: is not valid YAML: .*must be in quotes/],
    ['ledger: 5', /^ledger: 5: must be a string, or a mapping with keys of url, sentinels/],
    ['pace: x', /^pace: "x": must be a mapping with keys of deliveriesPerSecond, maxWindow/],
    ['registries: [ghcr.io]', /^registries\[0\]: "\*\*\*": must be a mapping with keys of host/],
    [
      'ledger: "redis://h/0?password=x"',
      /^ledger\.url: "redis:\/\/h\/0\?\*\*\*": must be .* without "\?" and "#"/,
    ],
    ['a: &a [*a]', /^manifeed\.yaml: nested deeper than 50: must have no anchor that contains/],
    ['a: &a { b: *a }', /^manifeed\.yaml: nested deeper than 50/],
    [`a: ${'['.repeat(51)}${']'.repeat(51)}`, /^manifeed\.yaml: nested deeper than 50/],
    ['a: *nowhere', /^manifeed\.yaml:1:4: is an alias without an anchor: .*"\*" must be in quotes$/],
    ['- a list', /^manifeed\.yaml: must be a YAML mapping/],
  ])('says what is wrong with %s', (yaml, message) => {
    expect(problems(yaml).join('\n')).toMatch(message);
  });

  it('refuses an alias bomb and brackets without end', () => {
    expect(problems(bomb)[0]).toMatch(/^manifeed\.yaml: is not valid YAML: Excessive alias count/);
    expect(problems(`a: ${'['.repeat(20_000)}${']'.repeat(20_000)}`)[0]).toMatch(/is not valid YAML/);
  });

  it('names every problem at once', () => {
    expect(problems('acces: open\npace: { burst: x, maxWindow: 1 }')).toHaveLength(3);
  });

  it('names in one pass what is wrong with names, variables, values, files and how values go together', () => {
    const yaml = `
      pace: { burst: x }
      drain.window: \${NOWHERE}
      registries: [{ host: a, caFile: /no/such/file, password: p }]
      webhooks: [{ name: a, kind: harbor }]
      watch: [{ repository: Bad }]
      access: [{ name: a, sha256: ${sha256}, repositories: ['*', Foo] }]
    `;
    const found = problems(yaml, {
      env: { MANIFEED_PACE_BRUST: '1' },
      argv: ['--lisen', 'x'],
    });
    expect(found.map((problem) => problem.split(': ', 1)[0])).toEqual([
      '--lisen',
      'MANIFEED_PACE_BRUST',
      'drain.window',
      'pace.burst',
      'registries[0].caFile',
      'webhooks[0]',
      'registries[0].username',
      'watch[0].repository',
      'access[0].repositories[0]',
      'access[0].repositories[1]',
    ]);
  });

  it('names each faulty webhook, by whichever rule', () => {
    const hooks = [
      '{ name: a, kind: nexus, token: t }',
      '{ name: b, kind: harbor }',
      '{ name: c, kind: quay, secret: s }',
    ];
    expect(problems(`webhooks: [${hooks.join(', ')}]`).map((each) => each.split(':', 1)[0])).toEqual([
      'webhooks[0].registry',
      'webhooks[1]',
      'webhooks[2].secret',
    ]);
  });

  it('does not blame what other faults made wrong', () => {
    expect(problems('listen: 0.0.0.0\naccess: [{ name: a }]')).toHaveLength(2);
    expect(problems('watch: [{ repository: a }, { repository: a }]\npace: x')).toHaveLength(2);
  });

  it('names the variable or flag that a bad value came from', () => {
    expect(problems('', { env: { MANIFEED_PACE_BURST: 'x' } })[0]).toMatch(
      /^pace\.burst \(MANIFEED_PACE_BURST\): "x"/,
    );
    expect(problems('', { argv: ['--pace.burst=x'] })[0]).toMatch(/^pace\.burst \(--pace\.burst\): "x"/);
  });

  it('refuses unknown flags and variables, with a suggestion', () => {
    expect(problems('', { argv: ['--lisen', '--pace.brust=1', '-x'] })).toEqual([
      '--lisen: unknown argument: did you mean --listen?',
      '--pace.brust: unknown argument: did you mean --pace.burst?',
      '-x: unknown argument: see manifeed --help',
    ]);
    expect(problems('', { argv: ['--ledger.passwrd', 'hunter2', 'stray'] })).toEqual([
      '--ledger.passwrd: unknown argument: did you mean --ledger.password?',
      'argument 5: unknown argument: see manifeed --help',
    ]);
    expect(problems('', { argv: ['--listen'] })).toEqual(['--listen: missing: must have a value']);
    expect(problems('', { env: { MANIFEED_PACE_BRUST: '1' } })[0]).toMatch(
      /did you mean MANIFEED_PACE_BURST\?/,
    );
  });

  it('lets pass the variables that the file uses and those that Kubernetes sets', () => {
    const env = {
      MANIFEED_HOOK_TOKEN: 't',
      MANIFEED_SERVICE_HOST: '10.0.0.1',
      MANIFEED_SERVICE_PORT: '80',
      MANIFEED_SERVICE_PORT_HTTP: '80',
      MANIFEED_PORT: 'tcp://10.0.0.1:80',
      MANIFEED_PORT_80_TCP: 'tcp://10.0.0.1:80',
      MANIFEED_PORT_80_TCP_PROTO: 'tcp',
      MANIFEED_PORT_80_TCP_PORT: '80',
      MANIFEED_REDIS_SERVICE_HOST: '10.0.0.1',
      MANIFEED_REDIS_PORT: 'tcp://10.0.0.1:6379',
      MANIFEED_REDIS_PORT_6379_TCP_ADDR: '10.0.0.1',
    };
    const yaml = `webhooks: [{ name: a, kind: harbor, token: "\${MANIFEED_HOOK_TOKEN}" }]`;
    expect(load(yaml, { env }).webhooks[0]?.token).toBe('t');
  });

  it.each([
    ['MANIFEED_PORT', '3'],
    ['MANIFEED_PORT', '0.0.0.0:80'],
    ['MANIFEED_LISTEN_PORT', '80'],
    ['MANIFEED_PORT_80', '80'],
    ['MANIFEED_HOST', 'tcp://10.0.0.1:80'],
  ])('refuses %s=%s, which Kubernetes does not set', (name, value) => {
    expect(problems('', { env: { [name]: value } })).toEqual([
      expect.stringMatching(new RegExp(`^${name}: unknown setting`)),
    ]);
  });

  it('says so when the file cannot be read', () => {
    expect(() => loadConfig({ env: { MANIFEED_CONFIG: '/no/such.yaml' } })).toThrow(
      /no\/such\.yaml: cannot be read/,
    );
  });

  it('refuses a file over its bound', () => {
    expect(problems(`#${'x'.repeat(10_000_000)}`)[0]).toMatch(/must be at most 10000000/);
  });

  it('refuses lists over their bound', () => {
    const tags = Array.from({ length: 101 }, (_, index) => `t${index}`);
    expect(problems(`watch: [{ repository: a, tags: ${JSON.stringify(tags)} }]`)[0]).toMatch(/at most 100/);
  });

  it('reads references and patterns by the rules of subscriptions', () => {
    expect(problems('watch: [{ repository: A }]')).toEqual([
      expect.stringMatching(/^watch\[0\]\.repository: "A": must be /),
    ]);
  });

  it('throws nothing but ConfigError, whatever the file holds', () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    const key = fc.constantFrom(
      'listen',
      'ledger',
      'access',
      'webhooks',
      'registries',
      'pace',
      'limits',
      'watch',
    );
    fc.assert(
      fc.property(fc.dictionary(key, value), (tree) => {
        try {
          load(JSON.stringify(tree));
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
        }
      }),
      { numRuns: 250, examples: [[{ listen: { toString: {} } }]] },
    );
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

  it('lets everybody skip the pace only with open access on loopback', () => {
    expect(load('').pace.allowNone).toBe(true);
    expect(load('listen: 0.0.0.0:80\naccess: open').pace.allowNone).toBe(false);
    expect(load(`access: [{ name: a, sha256: ${sha256} }]`).pace.allowNone).toBe(false);
    expect(load('pace: { allowNone: false }').pace.allowNone).toBe(false);
  });
});

describe('printConfig', () => {
  const yaml = `
ledger: redis://user:hunter2@h:6379/0
registries: [{ host: a.example.com, username: u, password: hunter2 }]
webhooks:
  - { name: a, kind: ghcr, secret: hunter2 }
  - { name: b, kind: harbor, token: hunter2 }
  - { name: c, kind: quay, pathToken: hunter2 }
  - { name: d, kind: nexus, registry: n.example.com, username: u, password: hunter2 }
`;

  it('hides every secret', () => {
    const printed = printConfig(sources(yaml));
    expect(printed).not.toContain('hunter2');
    expect(printed).toContain('redis://***@h:6379/0');
    expect(printed.match(/"\*{3}"/g)).toHaveLength(5);
  });

  it('prints what, read again, is the same configuration', () => {
    const options = sources(
      'pace: { maxWindow: 5m, rules: [{ repository: a/** }] }\nregistries: [{ host: a }]',
    );
    const printed = printConfig(options);
    expect(load(printed)).toEqual(loadConfig(options));
    expect(printed).toContain('maxWindow: 5m');
    expect(printed).toContain('heartbeatInterval: 20s');
  });

  it('hides secrets in refusals too', () => {
    const refusal = problems(
      'ledger: mongo://u:hunter2@h\nregistries: [{ host: a, username: u, password: [hunter2] }]',
    );
    expect(refusal).toHaveLength(2);
    expect(refusal.join()).not.toContain('hunter2');
  });

  it.each([
    ['access: [{ name: a, sha256: hunter2 }]'],
    ['access: [hunter2]'],
    ['ledger: "redis://h/0?password=hunter2"'],
    ['ledger: "redis://h:1/0?password=x@hunter2"'],
    ['ledger: "redis://u:hunter2?x@h/0"'],
    ['ledger: "redis://u:x?hunter2@h/0"'],
    ['ledger: "redis://u:x@hunter2@h:1/0#hunter2"'],
    ['ledger: { url: "rediss://h/#hunter2" }'],
  ])('never shows the secret of %s', (yaml) => {
    const refusal = problems(yaml);
    expect(refusal).toHaveLength(1);
    expect(refusal.join()).not.toContain('hunter2');
  });

  it('shows no hash of a token, whether it is right or given twice', () => {
    expect(printConfig(sources(`access: [{ name: a, sha256: ${sha256} }]`))).not.toContain(sha256);
    const twice = `access: [{ name: a, sha256: ${sha256} }, { name: b, sha256: ${sha256} }]`;
    expect(problems(twice)).toEqual(['access[1].sha256: the same: must differ from access[0].sha256']);
  });
});
