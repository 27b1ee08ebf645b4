/** What `npm run setup` does. The machine is given, so that a test can stand in for it. */
import type { Part } from '../test/support/parts.ts';

/** The machine to install on. */
export interface Host {
  /** The parts that are missing now. */
  missing(): readonly Part[];
  /** Whether a program is in PATH. */
  has(program: string): boolean;
  readonly isRoot: boolean;
  exists(file: string): boolean;
  /** Runs a command with the terminal's output; says whether it succeeded. */
  run(command: readonly string[]): boolean;
  say(line: string): void;
}

/** Debian asks this file before it starts a service; 101 means no (invoke-rc.d(8)). */
export const policyFile = '/usr/sbin/policy-rc.d';

/**
 * Installs what is missing by apt and starts no service. It does nothing if nothing is missing. What cannot be
 * installed is named; that is no failure, because the tests that do not need it still run.
 */
export function installParts(host: Host): void {
  const missing = host.missing();
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
    // One package that this system does not have must not keep the others out.
    for (const part of host.missing()) apt(host, [part.package]);
  } finally {
    allowServices();
  }
}

function apt(host: Host, packages: readonly string[]): boolean {
  const options = ['install', '-y', '-qq', '--no-install-recommends'];
  return root(host, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...options, ...packages);
}

/** Returns what undoes it, or null if the rights are missing. */
function forbidServices(host: Host): (() => void) | null {
  if (host.exists(policyFile)) return () => {};
  const script = `printf '#!/bin/sh\\nexit 101\\n' > ${policyFile} && chmod 755 ${policyFile}`;
  if (!root(host, 'sh', '-c', script)) return null;
  return () => void root(host, 'rm', '-f', policyFile);
}

/** sudo must not ask for a password: nobody may be there to give it. */
function root(host: Host, ...command: readonly string[]): boolean {
  return host.run(host.isRoot ? command : ['sudo', '-n', ...command]);
}
