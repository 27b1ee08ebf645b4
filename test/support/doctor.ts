/** Runs `manifeed doctor` in this process, and gives back what it found. */

import { z } from 'zod';
import type { CommandIo } from '../../src/cli/command.ts';
import { doctorCommand } from '../../src/cli/doctor/command.ts';
import type { Machine, Means } from '../../src/cli/doctor/means.ts';
import type { Screen } from '../../src/cli/output/terminal.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { digest, type Settings } from './gateway.ts';

const findingSchema = z.strictObject({
  level: z.enum(['ok', 'warning', 'failed', 'skipped']),
  check: z.string(),
  about: z.string().nullable(),
  text: z.string(),
  remedy: z.string().nullable(),
  docs: z.string().nullable(),
});
export type Found = z.infer<typeof findingSchema>;

/** A machine on which all is well. */
export const goodMachine: Machine = {
  freeBytes: async () => 1e12,
  isWritable: async () => true,
  openFiles: () => 1_000_000,
};

interface Given extends Partial<Pick<Means, 'clock' | 'fetch' | 'headStatus' | 'machine'>> {
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly isTty?: boolean;
}

/** What it writes, and its exit code. */
export async function runDoctor(args: readonly string[], given: Given = {}) {
  let written = '';
  const out: Screen = {
    isTty: given.isTty ?? false,
    paint: (style, text) => `<${style}>${text}</${style}>`,
    write: async (text) => {
      written += text;
      return true;
    },
  };
  const command = doctorCommand({
    terminal: { out, err: out, watchReader: () => () => {} },
    clock: given.clock ?? systemClock,
    fetch: given.fetch ?? globalThis.fetch,
    headStatus: given.headStatus ?? (async () => 200),
    machine: given.machine ?? goodMachine,
    random: Math.random,
  });
  const io: CommandIo = {
    ...{ out: () => {}, err: () => {}, env: given.env ?? {} },
    readFile(path) {
      const text = given.files?.[path];
      if (text === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { syscall: 'open' });
      return Buffer.from(text);
    },
  };
  const code = await command.run(args, io);
  return { code, written };
}

/** What it finds at a gateway. */
export async function diagnose(url: string, args: readonly string[] = [], given: Given = {}) {
  const { code, written } = await runDoctor(['--gateway', url, '--json', ...args], given);
  const findings = written
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => findingSchema.parse(JSON.parse(line)));
  return { code, findings, of: (check: string) => findings.filter((each) => each.check === check) };
}

const token = (name: string, rights: object) => ({
  ...{ name, sha256: digest(`token-of-${name}`).slice(7), ...rights },
});
/** Settings with the tokens of `ci` and of an administrator, `root`. */
export const guarded: Settings = {
  access: [token('ci', { repositories: ['team/*'] }), token('root', { admin: true })],
  webhooks: [{ name: 'publish', kind: 'manifeed', token: 'hook-secret' }],
};
/** The token of this name, as a command gets it. */
export const as = (name: string) => ({ env: { MANIFEED_TOKEN: `token-of-${name}` } });
/** The body of a gateway's refusal. */
export function refusalOf(code: string, message: string): string {
  return JSON.stringify({ errors: [{ code, message }] });
}
