import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Redis } from 'ioredis';

/** Each script and the files it is put together from, in order; `lua/` has them, each with its contract at its head. */
const parts = {
  record: [
    ...([
      'common',
      'intact',
      'admit',
      'clock',
      'deliveries',
      'index',
      'weigh',
      'pending',
      'snapshot',
    ] as const),
    'record',
  ],
  defer: ['common', 'intact', 'admit', 'clock', 'deliveries', 'pending', 'defer'],
  claimPending: ['common', 'intact', 'admit', 'clock', 'claim-pending'],
  status: ['common', 'intact', 'admit', 'clock', 'status'],
  hole: ['common', 'intact', 'admit', 'clock', 'hole', 'status'],
  trim: ['common', 'intact', 'admit', 'clock', 'snapshot', 'trim'],
  export: ['common', 'intact', 'admit', 'clock', 'snapshot', 'export'],
  import: ['common', 'intact', 'admit', 'index', 'import'],
  seek: ['common', 'seek'],
  tags: ['common', 'tags'],
  schedule: ['common', 'guard', 'clock', 'schedule'],
  budget: ['common', 'guard', 'clock', 'budget'],
  presence: ['common', 'guard', 'clock', 'presence'],
} as const satisfies Record<string, readonly string[]>;

export type ScriptName = keyof typeof parts;

const readOnly: ReadonlySet<string> = new Set<ScriptName>(['seek', 'tags']);

export interface Script {
  readonly source: string;
  readonly sha: string;
}

export type Scripts = Readonly<Record<ScriptName, Script>>;

/** Reads the scripts from beside this module (the build copies them there too). */
export async function readScripts(): Promise<Scripts> {
  const names = Object.keys(parts) as ScriptName[];
  const loaded = await Promise.all(names.map(async (name) => [name, await assemble(name)] as const));
  return Object.fromEntries(loaded) as Record<ScriptName, Script>;
}

async function assemble(name: ScriptName): Promise<Script> {
  const bodies = await Promise.all(
    parts[name].map((part) => readFile(new URL(`./lua/${part}.lua`, import.meta.url), 'utf8')),
  );
  // The heading makes Redis refuse the whole script up front when memory is short, when it is a replica or when
  // too few replicas follow. Without it the first refused write would end the script half-way.
  const heading = readOnly.has(name) ? '#!lua flags=no-writes\n' : '#!lua\n';
  const source = heading + bodies.join('\n');
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}

/** Loads every script, so that no call has to send a source. */
export async function loadScripts(client: Redis, scripts: Scripts): Promise<void> {
  await Promise.all(Object.values(scripts).map(({ source }) => client.script('LOAD', source)));
}

/** Runs a script; sends its source when the server has forgotten it (SCRIPT FLUSH). */
export async function runScript(
  client: Redis,
  script: Script,
  key: string,
  args: readonly string[],
): Promise<unknown> {
  try {
    return await client.evalsha(script.sha, 1, key, ...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return await client.eval(script.source, 1, key, ...args);
  }
}
