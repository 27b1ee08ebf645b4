/** Assembles Lua scripts from their parts. Each user of Redis lists its own; the headers here are shared. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** A script that is ready to be sent. */
export interface Script {
  readonly source: string;
  /** SHA-1 of the source, by which Redis knows the script. */
  readonly sha: string;
}

/** All scripts of one user, by name. */
export type Scripts<Name extends string> = ReadonlyMap<Name, Script>;

/** The parts of one script, in order. Each part states its contract at its head. */
export type ScriptParts = readonly URL[];

/** The headers in `lua/` with which scripts of all users begin. */
export function sharedParts(...names: readonly ('common' | 'guard' | 'clock')[]): ScriptParts {
  return luaFiles(import.meta.url, names);
}

/** The files `lua/<name>.lua` beside a module. The build copies them there too. */
export function luaFiles(moduleUrl: string, names: readonly string[]): ScriptParts {
  return names.map((name) => new URL(`./lua/${name}.lua`, moduleUrl));
}

/** @param readOnly scripts that write nothing: they also run when memory is short, and on a replica */
export async function readScripts<Name extends string>(
  parts: ReadonlyMap<Name, ScriptParts>,
  readOnly: readonly Name[] = [],
): Promise<Scripts<Name>> {
  const assembling = [...parts].map(
    async ([name, files]) => [name, await assemble(files, readOnly.includes(name))] as const,
  );
  return new Map(await Promise.all(assembling));
}

async function assemble(files: ScriptParts, isReadOnly: boolean): Promise<Script> {
  const bodies = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  // With this heading Redis refuses the whole script up front if memory is short, it is a replica, or too few
  // replicas follow. Without it the first refused write would stop the script half-way.
  const heading = isReadOnly ? '#!lua flags=no-writes\n' : '#!lua\n';
  const source = heading + bodies.join('\n');
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}
