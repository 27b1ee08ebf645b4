/** What `npm run setup` does. The host is a parameter, so that a test can replace it. */
import type { OptionalPart, Part } from '../test/support/parts.ts';

/** The machine to install on. */
export interface Host {
  /** The parts that are missing now. */
  missing(): readonly Part[];
  /** Programs that are there and lack modules. */
  withoutModules(): readonly OptionalPart[];
  /** Whether a program is in PATH. */
  has(program: string): boolean;
  readonly isRoot: boolean;
  exists(file: string): boolean;
  /** Runs a command with the terminal's output; says whether it succeeded. */
  run(command: readonly string[]): boolean;
  say(line: string): void;
}

/** Debian runs this file before it starts a service. Exit code 101 forbids the start (invoke-rc.d(8)). */
export const policyFile = '/usr/sbin/policy-rc.d';

/**
 * Installs the missing programs with apt, and starts no service. It names what it cannot install. That is no
 * failure, because the tests that do not need it still run.
 */
export function installParts(host: Host): void {
  const missing = host.missing();
  for (const { program, modules } of host.withoutModules())
    if (modules !== undefined) downloadModules(host, program, modules);
  if (missing.length === 0) return host.say('Nothing to do: every program that the tests use is installed.');
  host.say('Installing the programs that the tests use:');
  for (const part of missing) host.say(`  ${part.program}: ${part.use}`);
  if (!host.has('apt-get')) host.say('This system has no apt-get.');
  else if (!host.isRoot && !host.has('sudo')) host.say('apt-get needs root or sudo.');
  else install(host);
  const left = host.missing();
  if (left.length === 0) return host.say('Done. No service was started; the tests start their own.');
  for (const part of left) host.say(`Still missing: ${part.program} (Debian package ${part.package}).`);
  host.say('npm run check runs the tests that do not need them, and prints which tests it left out.');
}

/** Modules are no packages: Go downloads them, into the home of whoever runs this. */
function downloadModules(host: Host, program: string, modules: string): void {
  if (host.run([program, '-C', modules, 'mod', 'download'])) return;
  host.say(`Still missing: the modules of ${modules}, which ${program} could not download.`);
}

function install(host: Host): void {
  const allowServices = forbidServices(host);
  if (allowServices === null) return;
  try {
    if (!root(host, 'apt-get', 'update', '-qq')) return;
    if (
      apt(
        host,
        host.missing().map((part) => part.package),
      )
    )
      return;
    // One unknown package must not prevent the others.
    for (const part of host.missing()) apt(host, [part.package]);
  } finally {
    allowServices();
  }
}

function apt(host: Host, packages: readonly string[]): boolean {
  const options = ['install', '-y', '-qq', '--no-install-recommends'];
  return root(host, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...options, ...packages);
}

/** Returns a function that undoes it; null if the rights are missing. */
function forbidServices(host: Host): (() => void) | null {
  if (host.exists(policyFile)) return () => {};
  const script = `printf '#!/bin/sh\\nexit 101\\n' > ${policyFile} && chmod 755 ${policyFile}`;
  if (!root(host, 'sh', '-c', script)) return null;
  return () => void root(host, 'rm', '-f', policyFile);
}

/** sudo must not ask for a password, because no person may be there to answer. */
function root(host: Host, ...command: readonly string[]): boolean {
  return host.run(host.isRoot ? command : ['sudo', '-n', ...command]);
}
