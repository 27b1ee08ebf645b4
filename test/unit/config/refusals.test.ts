import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/config.ts';
import { ConfigError } from '../../../src/config/settings/problems.ts';
import { load, problems, sha256 } from '../../support/config.ts';

/** Ten of ten of ten…: a few lines that would be ten billion texts. */
const bomb = Array.from({ length: 10 }, (_, level) => {
  const inner = level === 0 ? 'x' : `*a${level - 1}`;
  return `a${level}: &a${level} [${Array(10).fill(inner).join(', ')}]`;
}).join('\n');

function many(entry: (index: number) => string): string {
  return Array.from({ length: 101 }, (_, index) => entry(index)).join(', ');
}

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
    [
      'registries: [{ host: a, username: 1, password: p }]',
      /^registries\[0\]\.username: "\*\*\*": must be a user name .*, in quotes$/,
    ],
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
    [
      'ledger: redis://h:99999/0',
      /^ledger\.url: "redis:\/\/h:99999\/0": must be memory, sqlite:PATH or redis:/,
    ],
    [
      'ledger: "redis://:pa%zz@h/0"',
      /^ledger\.url: "redis:\/\/\*\*\*@h\/0": must be .* goes into ledger\.username/,
    ],
    ['ledger: redis://h/tags', /^ledger\.url: .* with the number of the database at its end$/],
    ['ledger: { url: "redis://h/3", cluster: ["b:1"] }', /^ledger\.url: .* must have the database 0/],
    [
      'ledger: { url: "sqlite:a.db", sentinels: ["a:1"], minReplicas: 1 }',
      /^ledger\.sentinels: a list of 1: must be left out, .*\nledger\.minReplicas: 1: must be left out/,
    ],
    ['a: &a [*a]', /^manifeed\.yaml: nested deeper than 50: must have no anchor that contains/],
    ['a: &a { b: *a }', /^manifeed\.yaml: nested deeper than 50/],
    [`a: ${'['.repeat(51)}${']'.repeat(51)}`, /^manifeed\.yaml: nested deeper than 50/],
    ['a: *nowhere', /^manifeed\.yaml:1:4: is an alias without an anchor: .*"\*" must be in quotes$/],
    ['- a list', /^manifeed\.yaml: must be a YAML mapping/],
    [
      'name: !!binary aGk=',
      /^manifeed\.yaml:1:7: is a tag that settings do not have: a string .* in quotes$/,
    ],
    ['name: !!timestamp 2026-01-31', /^manifeed\.yaml:1:7: is a tag that settings do not have/],
    ['hosts: !!set { a, b }', /^manifeed\.yaml:1:8: is a tag that settings do not have/],
    ['name: !important x', /^manifeed\.yaml:1:7: is a tag that settings do not have/],
    ['pace.deliveriesPerSecond: .nan', /^manifeed\.yaml:1:27: must be a finite number$/],
    ['pace: { deliveriesPerSecond: -.inf }', /^manifeed\.yaml:1:30: must be a finite number$/],
    ['pace: { __proto__: { burst: 1 } }', /^manifeed\.yaml:1:9: is no key: must be the name of a setting$/],
    ['? [a, b]\n: 1', /^manifeed\.yaml:1:3: is no key/],
    ['"": 1', /^manifeed\.yaml:1:1: is no key/],
    ['name: a\n---\nname: b', /^manifeed\.yaml:2:1: begins a second document: must be one/],
    [
      `registries: [{ host: r0, poll: &p { reserve: 1 } }, ${many((i) => `{ host: r${i + 1}, poll: *p }`)}]`,
      /^manifeed\.yaml: has too many aliases: must be at most 100 of one anchor/,
    ],
    [
      'registries: [{ host: docker.io }, { host: index.docker.io }]',
      /^registries\[1\]\.host: .* must differ/,
    ],
    [
      'watch: [{ repository: ghcr.io/team/app }]\nregistries: [{ host: docker.io }]',
      /^watch\[0\]\.repository: "ghcr\.io\/team\/app": must be in one of registries, .*: add "host: ghcr\.io"/,
    ],
    [
      'watch: [{ repository: nginx }]',
      /^watch\[0\]\.repository: "nginx": must be .* add "host: docker\.io" there$/,
    ],
    [
      'webhooks: [{ name: a, kind: harbor, token: "secret\\n" }]',
      /^webhooks\[0\]\.token: "\*\*\*": must be a token without line breaks, and without white space at its ends$/,
    ],
    [
      'webhooks: [{ name: a, kind: harbor, token: " secret" }]',
      /^webhooks\[0\]\.token: .*without white space/,
    ],
    [
      'webhooks: [{ name: a, kind: gitea, secret: "s\\n" }]',
      /^webhooks\[0\]\.secret: .*must not end with a line/,
    ],
    [
      'registries: [{ host: a, username: "u", password: "p\\r\\n" }]',
      /^registries\[0\]\.password: "\*\*\*": must not end with a line break$/,
    ],
    [
      'registries: [{ host: a, username: "u:p", password: p }]',
      /^registries\[0\]\.username: "\*\*\*": .*without ":"/,
    ],
  ])('says what is wrong with %s', (yaml, message) => {
    expect(problems(yaml).join('\n')).toMatch(message);
  });

  it('refuses an alias bomb and brackets without end', () => {
    expect(problems(bomb)[0]).toMatch(/^manifeed\.yaml: has too many aliases/);
    expect(problems(`a: ${'['.repeat(20_000)}${']'.repeat(20_000)}`)[0]).toMatch(/is not valid YAML/);
  });

  it('blames no repository to watch for registries that have a fault of their own', () => {
    const faulty = 'registries: [{ host: a, poll: { burst: 1 } }]\nwatch: [{ repository: "localhost/b" }]';
    expect(problems(faulty)).toEqual([expect.stringMatching(/^registries\[0\]\.poll\.burst: unknown key/)]);
  });

  it('tells once of a number that is far too large', () => {
    expect(problems('pace: { burst: 99999999999999999999 }')).toHaveLength(1);
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
    expect(
      problems('registries: [{ host: docker.io }]\nwatch: [{ repository: a }, { repository: a }]\npace: x'),
    ).toHaveLength(2);
  });

  it('names the variable or flag that a bad value came from', () => {
    expect(problems('', { env: { MANIFEED_PACE_BURST: 'x' } })[0]).toMatch(
      /^pace\.burst \(MANIFEED_PACE_BURST\): "x"/,
    );
    expect(problems('', { argv: ['--pace.burst=x'] })[0]).toMatch(/^pace\.burst \(--pace\.burst\): "x"/);
  });

  it.each(['targets', 'webhooks', 'registries', 'watch'])('says that only a file can hold %s', (section) => {
    const rule = `${section} is a list of mappings: must be in the configuration file`;
    for (const name of [section.toUpperCase(), `${section.toUpperCase()}_0_NAME`])
      expect(problems('', { env: { [`MANIFEED_${name}`]: 'hunter2' } })).toEqual([
        `MANIFEED_${name}: unknown setting: ${rule}`,
      ]);
    for (const flag of [`--${section}`, `--${section}[0].name`])
      expect(problems('', { argv: [flag, 'hunter2'] })).toEqual([`${flag}: unknown argument: ${rule}`]);
  });

  it('refuses unknown flags and variables, with a suggestion', () => {
    expect(problems('', { argv: ['--lisen', '--pace.brust=1', '-x'] })).toEqual([
      '--lisen: unknown argument: did you mean --listen?',
      '--pace.brust: unknown argument: did you mean --pace.burst?',
      '-x: unknown argument: see manifeed --help',
    ]);
    expect(problems('', { argv: ['--ledger.passwrd', 'hunter2', 'stray'] })).toEqual([
      '--ledger.passwrd: unknown argument: did you mean --ledger.password?',
      'argument 5: unknown argument: a setting is written --name value (with npm: npm start -- --name value)',
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

  it('lets pass the variables of subscribers, and refuses what only resembles them', () => {
    const env = {
      MANIFEED_URL: 'https://gateway.test',
      MANIFEED_TOKEN: 't',
      MANIFEED_TOKEN_FILE: '/run/token',
      MANIFEED_CHANGE_PREVIOUS_DIGEST: 'sha256:00',
    };
    expect(() => load('', { env })).not.toThrow();
    for (const name of ['MANIFEED_URLS', 'MANIFEED_TOKENS', 'MANIFEED_CHANGE', 'MANIFEED_CHANGE_'])
      expect(problems('', { env: { [name]: 'x' } })).toEqual([expect.stringMatching(`^${name}: unknown`)]);
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
