import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { printConfig } from '../../../src/config/config.ts';
import { faultsOfTarget } from '../../../src/config/targets.ts';
import type { Kind } from '../../../src/target/kind.ts';
import { kindOf } from '../../../src/target/kinds.ts';
import { load, problems, sources } from '../../support/config.ts';

const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

/** A configuration with these targets, each with what a webhook must have. */
function withTargets(...members: readonly string[]): string {
  const entries = members.map(
    (each) =>
      `  - { name: hooks, kind: webhook, url: "https://ci.example.com/hook/x9?k=q8", secret: ${secret}, ${each} }`,
  );
  return `targets:\n${entries.join('\n')}`;
}

describe('the section targets', () => {
  it('is empty by default', () => {
    expect(load('').targets).toEqual([]);
  });

  it('gives each target the defaults of its kind', () => {
    const [target] = load(
      withTargets('repository: [nginx, "team/*"], tag: ["1.*"], platform: [linux/amd64]'),
    ).targets;
    expect(target).toEqual({
      ...{ name: 'hooks', kind: 'webhook', url: 'https://ci.example.com/hook/x9?k=q8', secret },
      ...{ repository: ['nginx', 'team/*'], tag: ['1.*'], platform: ['linux/amd64'] },
      types: ['tag.created', 'tag.updated'],
      ...{ timeoutMs: 20_000, concurrency: 4, minAgeMs: 0, maxAgeMs: 86_400_000, unpaced: false },
    });
  });

  it('reads the file with certificate authorities', () => {
    const path = new URL('../../fixtures/poll/localhost.cert.pem', import.meta.url);
    const ca = readFileSync(path, 'utf8');
    const files = { readFile: (name: string) => (name === 'ca.pem' ? ca : withTargets('caFile: ca.pem')) };
    expect(load('', files).targets[0]).toMatchObject({ ca });
    expect(problems(withTargets('caFile: /no/such.pem'))[0]).toMatch(
      /^targets\[0\]\.caFile: .*readable file/,
    );
  });

  it('leaves placeholders of changes to the kind, and hides headers and variables', () => {
    const yaml = `targets:
  - { name: a, kind: http, url: "https://h/x", json: { text: ["\${change.tag}", 1] }, headers: { x-key: hunter2 } }
  - { name: b, kind: exec, command: [copa, "\${change.reference}"], env: { KEY: "\${TOKEN}" } }`;
    const env = { TOKEN: 'hunter2' };
    expect(load(yaml, { env }).targets).toMatchObject([
      { json: { text: [`\${change.tag}`, 1] }, headers: { 'x-key': 'hunter2' }, method: 'POST' },
      { command: ['copa', `\${change.reference}`], env: { KEY: 'hunter2' }, concurrency: 1 },
    ]);
    expect(printConfig(sources(yaml, { env }))).not.toContain('hunter2');
    expect(problems(yaml.replace('change.tag', 'change.tga'), { env })[0]).toMatch(
      /^targets\[0\]\.json\.text\[0\]: \$\{change\.tga\}: must be one of/,
    );
  });

  it.each([
    ['https:/h/x'],
    ['https:h/x'],
    [`https:///\${change.tag}/x`],
    ['https:\\\\h\\x'],
    ['https://h/x '],
    [' https://h/x'],
    ['https://h/\tx'],
    ['https://h/x\n'],
  ])('refuses the URL %j, which no tool writes and a URL parser mends', (url) => {
    const yaml = (kind: string) => `targets: [{ name: a, kind: ${kind}, url: ${JSON.stringify(url)} }]`;
    for (const kind of ['http', 'keel'])
      expect(problems(yaml(kind))[0]).toMatch(/^targets\[0\]\.url: .*must be an http:\/\/ or https:\/\/ URL/);
  });

  it.each([
    ['headers', '{ "a b": "x" }', 'headers.a b: "***": must have names of headers'],
    ['headers', '{ host: "x" }', 'headers.host: must be left out, because it is the host of url'],
    ['headers', 'hunter2', 'headers: "***": must be a mapping of header names to values'],
    ['headers', '[hunter2]', 'headers: a list of 1: must be a mapping of header names to values'],
  ])('says what is wrong with %s: %s', (member, value, message) => {
    const yaml = `targets: [{ name: a, kind: http, url: "https://h/x", ${member}: ${value} }]`;
    expect(problems(yaml)[0]).toContain(`targets[0].${message}`);
  });

  it('keeps the escape of a placeholder only where placeholders are replaced', () => {
    const literal = `$\${change.tag}`;
    const members = `url: "https://h/${literal}", headers: { a: "${literal}" }, json: { b: [{ c: "${literal} $\${X}" }] }`;
    const yaml = `targets:
  - { name: a, kind: http, ${members} }
  - { name: b, kind: exec, command: [a, "${literal}"], failIf: "a $\${X}" }
registries: [{ host: r.example.com, username: u, password: "${literal}" }]`;
    const { targets, registries } = load(yaml);
    expect(targets).toMatchObject([
      { url: `https://h/${literal}`, headers: { a: literal }, json: { b: [{ c: `${literal} \${X}` }] } },
      { command: ['a', literal], failIf: `a \${X}` },
    ]);
    expect(registries).toMatchObject([{ password: `\${change.tag}` }]);
    expect(problems(yaml.replace('failIf: "a', `failIf: "${literal}`))[0]).toMatch(
      /^targets\[1\]\.failIf: a placeholder: must be without/,
    );
  });

  it.each([
    [`\${chnge.tag}`, `\${chnge.tag}: must be a variable as in \${NAME}, or in a target a placeholder`],
    [`\${Change.image}`, `did you mean \${change.image}?`],
    [`\${ change.tag }`, `did you mean \${change.tag}?`],
    [`\${{ github.sha }}`, `\${: must be a variable`],
    [`\${a-b}`, `\${a-b}: must be a variable`],
    [`\${a`, `\${a: must be a variable`],
  ])('refuses %j, which would be sent as it stands', (text, message) => {
    const json = JSON.stringify({ a: [{ b: text }] });
    const yaml = `targets: [{ name: a, kind: http, url: "https://h/x", json: ${json} }]`;
    expect(problems(yaml)[0]).toMatch(/^targets\[0\]\.json\.a\[0\]\.b: /);
    expect(problems(yaml)[0]).toContain(message);
    expect(load(yaml.replaceAll('${', () => '$${')).targets).toMatchObject([{ json: JSON.parse(json) }]);
  });

  it('tells of every placeholder that is wrong, and quotes none that may be a part of a secret', () => {
    const members = `token: "a\${hunter2!}", json: { a: "\${chnge.tag} \${change.tga}", b: "\${change.x}" }`;
    const yaml = `targets: [{ name: a, kind: http, url: "https://h/\${hunter2!}", ${members} }]`;
    const all = problems(yaml);
    expect(all.map((each) => each.slice(0, each.indexOf(': ')))).toEqual(
      ['url', 'token', 'json.a', 'json.a', 'json.b'].map((key) => `targets[0].${key}`),
    );
    expect(all.join()).not.toContain('hunter2');
  });

  it.each(['keel', 'wud', 'apprise', 'email'])(
    'quotes no user name of the kind %s that has a password in it',
    (kind) => {
      const at = kind === 'email' ? 'host: h, from: a@h, to: [b@h]' : 'url: "https://h/x"';
      const yaml = `targets: [{ name: a, kind: ${kind}, ${at}, username: "admin:hunter2", password: p }]`;
      expect(problems(yaml)).toEqual([
        'targets[0].username: "***": must be a user name without ":", and the password must be in password',
      ]);
      const right = yaml.replace('admin:hunter2', 'admin');
      expect(printConfig(sources(right))).toContain('username: admin');
    },
  );

  it.each([
    ['{ A-B: "x" }', 'env.A-B: "***": must have names of variables'],
    ['"TOKEN=hunter2"', 'env: "***": must be a mapping of variables to values'],
  ])('says what is wrong with env: %s', (value, message) => {
    const yaml = `targets: [{ name: a, kind: exec, command: [a], env: ${value} }]`;
    expect(problems(yaml)[0]).toContain(`targets[0].${message}`);
  });

  it.each([
    ['targets: [{ name: a }]', /^targets\[0\]\.kind: missing: must be one of webhook/],
    ['targets: [{ name: a, kind: webhok }]', /^targets\[0\]\.kind: "webhok": .*did you mean "webhook"/],
    ['targets: [{ name: a, kind: webhook }]', /^targets\[0\]\.url: missing: must be an http:\/\/ or https/],
    [withTargets('coalesce: 5s'), /^targets\[0\]\.coalesce: unknown key/],
    [withTargets('timout: 5s'), /^targets\[0\]\.timout: unknown key: did you mean "timeout"/],
    [withTargets('timeout: soon'), /^targets\[0\]\.timeout: "soon": must be a duration/],
    [withTargets('types: []'), /^targets\[0\]\.types: an empty list: must have at least one/],
    [withTargets('types: [tag.moved]'), /^targets\[0\]\.types\[0\]: "tag\.moved": must be one of/],
    [withTargets('types: ["manifest.*"], tag: [a]'), /^targets\[0\]\.types: only manifest/],
    [withTargets('repository: ["UPPER case"]'), /^targets\[0\]\.repository\[0\]: "UPPER case": must be/],
    [withTargets('repository: ["a//b"]'), /^targets\[0\]\.repository: .*must/],
    [withTargets('tag: ["semver:x y"]'), /^targets\[0\]\.tag: .*must/],
    [withTargets('platform: [x]'), /^targets\[0\]\.platform: .*must/],
    [withTargets('minAge: 24h'), /^targets\[0\]\.minAge: 1d: must be less than maxAge/],
    [withTargets('maxAge: 30s'), /^targets\[0\]\.maxAge: "30s": must be a duration from 1m/],
    [withTargets('concurrency: 65'), /^targets\[0\]\.concurrency: 65: must be an integer from 1 to 64/],
    [withTargets('', ''), /^targets\[1\]\.name: "hooks": must differ from targets\[0\]\.name/],
    ['targets: [{ name: "a b", kind: webhook }]', /^targets\[0\]\.name: "a b": must be 1–64 letters/],
    [
      'targets: [{ name: a, kind: webhook, url: "https://u:p@h/" }]',
      /^targets\[0\]\.url: "https:\/\/h\/?": must be .* without credentials/,
    ],
    [
      `targets: [{ name: a, kind: http, url: "https://\${change.registry}/x" }]`,
      /^targets\[0\]\.url: a placeholder in the host: must be in path or query/,
    ],
    [
      `targets: [{ name: a, kind: http, url: "https://h/\${change.tag:-x}" }]`,
      /^targets\[0\]\.url: \$\{change\.tag:-…: must be without ":-"/,
    ],
    [
      `targets: [{ name: a, kind: http, url: "https://h/\${change}" }]`,
      /^targets\[0\]\.url: \$\{change\}: must be set in the environment/,
    ],
    [
      `targets: [{ name: a, kind: http, url: "https://h/", json: { a: [{ "\${change.tag}": 1 }] } }]`,
      /^targets\[0\]\.json\.a\[0\]: a placeholder in the name of a member: must be in a value/,
    ],
    [
      `targets: [{ name: a, kind: exec, command: [x], env: { TAG: "\${change.tag}" } }]`,
      /^targets\[0\]\.env: a placeholder: must be without \$\{change…\}, because kind exec replaces none here/,
    ],
    [
      `targets: [{ name: a, kind: apprise, url: "https://h/notify/\${change.tag}" }]`,
      /^targets\[0\]\.url: a placeholder: must be without/,
    ],
    [
      'targets: [{ name: a, kind: webhook, url: "https://h/#x", secret: abc }]',
      /^targets\[0\]\.url: "https:\/\/h\/\*\*\*": must be .* without credentials, a fragment \(#…\) or white space/,
    ],
    [
      'targets: [{ name: a, kind: webhook, url: "https://h/", secret: abc }]',
      /^targets\[0\]\.secret: "\*\*\*": must be whsec_ and 24 to 64 bytes as base64, or a list of at most 2 of these$/,
    ],
    ['targets: { name: a }', /^targets: a mapping: must be a list of targets/],
  ])('refuses %s', (yaml, message) => {
    expect(problems(yaml)[0]).toMatch(message);
  });

  it('has a bound', () => {
    const many = Array.from({ length: 1_001 }, (_, at) => `  - { name: t${at}, kind: webhook }`);
    expect(problems(`targets:\n${many.join('\n')}`).join()).toMatch(
      /targets: a list of 1001: must have at most 1000/,
    );
  });

  it('prints its defaults, and of its secrets nothing but the origin of the URL', () => {
    const printed = printConfig(sources(withTargets('')));
    expect(printed).toContain('url: https://ci.example.com/***');
    expect(printed).toContain('secret: "***"');
    expect(printed).toContain('timeout: 20s');
    expect(printed).not.toMatch(/x9|q8|whsec_/);
  });

  it.each([
    [`secret: [${secret}, whsec_hunter2]`],
    ['secret: hunter2'],
    ['secret: { a: hunter2 }'],
    ['url: "hunter2"'],
    ['url: "ftp://h/hunter2"'],
    ['url: "http://h/hunter2#x"'],
    ['url: "http://u:hunter2@h/"'],
    ['url: [hunter2]'],
  ])('never shows what is wrong with %s', (member) => {
    const refusal = problems(`targets: [{ name: a, kind: webhook, ${member} }]`);
    expect(refusal.length).toBeGreaterThan(0);
    expect(refusal.join()).not.toContain('hunter2');
  });
});

describe('a target of a kind that cannot tell of deletes', () => {
  const kind = kindOf({ kind: 'webhook' });
  const [target] = load(withTargets('')).targets;
  const faults = (types: readonly string[], more: Partial<Kind> = {}) =>
    target === undefined
      ? []
      : faultsOfTarget({ ...target, types }, { ...kind, deletes: false, ...more }, 'docker.io');

  it.each([[['*']], [['tag.*']], [['tag.created', 'tag.deleted']]])('must not ask for %j', (types) => {
    expect(faults(types)).toMatchObject([
      { key: 'types', message: expect.stringMatching(/tag\.deleted.*must be without it/) },
    ]);
  });

  it('may ask for the other types', () => {
    expect(faults(['tag.created', 'tag.updated', 'manifest.pushed'])).toEqual([]);
  });

  it('is also checked by its kind', () => {
    const fault = { key: 'url', message: '"x": must be a base' };
    expect(faults(['tag.created'], { faults: () => [fault] })).toEqual([fault]);
  });
});
