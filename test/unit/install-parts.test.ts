import { describe, expect, it } from 'vitest';
import { type Host, installParts, policyFile } from '../../scripts/install-parts.ts';
import { optionalParts, parts } from '../support/parts.ts';

interface Machine extends Host {
  readonly ran: string[];
  readonly said: string[];
}

/** A machine whose apt has every package but those of `unknown`. */
function machine(options: {
  installed?: readonly string[];
  programs?: readonly string[];
  isRoot?: boolean;
  refuses?: RegExp;
  lacksModules?: boolean;
  files?: readonly string[];
}): Machine {
  const installed = new Set(options.installed ?? []);
  const files = new Set(options.files ?? []);
  const ran: string[] = [];
  const said: string[] = [];
  return {
    ran,
    said,
    withoutModules: () => (options.lacksModules === true ? optionalParts : []),
    missing: () => parts.filter((part) => !installed.has(part.program)),
    has: (program) => (options.programs ?? ['apt-get', 'sudo']).includes(program),
    isRoot: options.isRoot ?? true,
    exists: (file) => files.has(file),
    run(command) {
      const line = command.join(' ');
      ran.push(line);
      if (options.refuses?.test(line) === true) return false;
      if (line.includes(`> ${policyFile}`)) files.add(policyFile);
      if (line.includes(`rm -f ${policyFile}`)) files.delete(policyFile);
      if (line.includes('apt-get install')) {
        expect(files).toContain(policyFile);
        for (const part of parts) if (command.includes(part.package)) installed.add(part.program);
      }
      return true;
    },
    say: (line) => said.push(line),
  };
}

const all = parts.map(({ program }) => program);

describe('npm run setup', () => {
  it('runs nothing if every program is installed', () => {
    const host = machine({ installed: all });
    installParts(host);
    expect(host.ran).toEqual([]);
    expect(host.said).toEqual(['Nothing to do: every program that the tests use is installed.']);
  });

  it('installs what is missing, and keeps services from starting meanwhile', () => {
    const host = machine({ installed: all.filter((program) => program !== 'redis-server') });
    installParts(host);
    expect(host.missing()).toEqual([]);
    expect(host.ran).toEqual([
      expect.stringContaining(`> ${policyFile}`),
      'apt-get update -qq',
      'env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server',
      `rm -f ${policyFile}`,
    ]);
    expect(host.exists(policyFile)).toBe(false);
  });

  it('downloads the modules of a Go that is there, and names them if that fails', () => {
    const host = machine({ installed: all, lacksModules: true });
    installParts(host);
    expect(host.ran).toEqual(['go -C test/e2e/clients mod download']);
    const offline = machine({ installed: all, lacksModules: true, refuses: /download/ });
    installParts(offline);
    expect(offline.said[0]).toMatch(/^Still missing: the modules of test\/e2e\/clients/);
  });

  it("leaves an administrator's own policy in place", () => {
    const host = machine({ files: [policyFile] });
    installParts(host);
    expect(host.exists(policyFile)).toBe(true);
    expect(host.missing()).toEqual([]);
  });

  it('installs the others if one package does not exist', () => {
    const host = machine({ refuses: /install .*chromium/ });
    installParts(host);
    expect(host.missing().map(({ program }) => program)).toEqual(['chromium']);
    expect(host.said).toContain('Still missing: chromium (Debian package chromium).');
    expect(host.exists(policyFile)).toBe(false);
  });

  it('uses sudo without asking for a password', () => {
    const host = machine({ isRoot: false });
    installParts(host);
    expect(host.ran.every((line) => line.startsWith('sudo -n '))).toBe(true);
    expect(host.missing()).toEqual([]);
  });

  it.each([
    ['there is no apt', { programs: [] }, 0],
    ['there is no sudo', { programs: ['apt-get'], isRoot: false }, 0],
    ['sudo wants a password', { isRoot: false, refuses: /./ }, 1],
    ['the package lists cannot be fetched', { refuses: /update/ }, 3],
  ])('names each missing program and does not fail if %s', (_name, options, commands) => {
    const host = machine(options);
    installParts(host);
    expect(host.ran).toHaveLength(commands);
    for (const { program } of parts)
      expect(host.said.some((line) => line.startsWith(`Still missing: ${program} `))).toBe(true);
  });
});
