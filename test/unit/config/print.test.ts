import { describe, expect, it } from 'vitest';
import { loadConfig, printConfig } from '../../../src/config/config.ts';
import { load, problems, sha256, sources } from '../../support/config.ts';

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

  it('hides what variables put into the body or the command of a target, and shows the rest', () => {
    const yaml = `targets:
  - { name: a, kind: http, url: "https://h/x", json: { topic: "\${TOPIC}", text: ["to \${TOPIC}: \${change.tag}", 1] } }
  - { name: b, kind: http, url: "https://h/x", form: { key.name: "\${TOPIC}", note: "\${NOTE:-plain}" } }
  - { name: c, kind: http, url: "https://h/x", text: "is \${TOPIC}" }
  - { name: d, kind: exec, command: [tool, "--key=\${TOPIC}", "\${change.tag}"] }`;
    const options = sources(yaml, { env: { TOPIC: 'hunter2' } });
    const printed = printConfig(options);
    expect(printed).not.toContain('hunter2');
    for (const shown of [`to ***: \${change.tag}`, 'key.name: "***"', 'note: plain', 'is ***', '--key=***'])
      expect(printed).toContain(shown);
    expect(loadConfig(options).targets.map(({ fromVariables }) => fromVariables)).toEqual([
      ['hunter2', 'hunter2'],
      ['hunter2'],
      ['hunter2'],
      ['hunter2'],
    ]);
  });

  it('quotes nothing that a variable may have put into the body of a target', () => {
    const yaml = `targets: [{ name: a, kind: http, url: "https://h/x", form: "\${TOPIC}" }]`;
    expect(problems(yaml, { env: { TOPIC: 'hunter2' } })[0]).toBe(
      'targets[0].form: "***": must be a mapping of names to strings',
    );
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
