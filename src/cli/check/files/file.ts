/** Files that name images: which kind one is, and what it has. */
import { dirname, join } from 'node:path';
import { parseEnv } from 'node:util';
import { InputError } from '../../command.ts';
import type { ReadInput } from '../../input.ts';
import { Finds, type Found } from '../wanted.ts';
import { isCompose, readCompose } from './compose.ts';
import { hasDockerfileName, looksLikeDockerfile, readDockerfile } from './dockerfile.ts';
import type { Lookup } from './interpolation.ts';
import { isKubernetes, readKubernetes } from './kubernetes.ts';
import { isMapping, parseDocuments } from './yaml.ts';

export interface FileParts {
  readonly read: ReadInput;
  /** Variables of a compose file. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Values of a Dockerfile's `ARG`. */
  readonly buildArguments: ReadonlyMap<string, string>;
}

/**
 * Reads a compose file, Kubernetes objects or a Dockerfile. A Dockerfile is known by its name or by its first
 * instruction, the others by their members.
 *
 * @param path `-` is standard input
 * @throws InputError if it is none of them; the system's error if it cannot be read
 */
export async function readImageFile(path: string, parts: FileParts): Promise<Found> {
  const text = await parts.read(path);
  const shown = path === '-' ? 'standard input' : path;
  const finds = new Finds();
  if (hasDockerfileName(path) || looksLikeDockerfile(text))
    readDockerfile(shown, text, parts.buildArguments, finds);
  else await readYaml(path, shown, text, parts, finds);
  if (finds.isEmpty) finds.notes.push(`read ${shown}: it names no image`);
  return finds;
}

async function readYaml(
  path: string,
  shown: string,
  text: string,
  parts: FileParts,
  finds: Finds,
): Promise<void> {
  const documents = parseDocuments(shown, text);
  if (documents.length === 0) throw new InputError(`read ${shown}: empty: ${kinds}`);
  let lookup: Lookup | null = null;
  for (const [at, document] of documents.entries()) {
    const where = documents.length === 1 ? shown : `${shown}: document ${at + 1}`;
    if (!isMapping(document)) throw new InputError(`read ${where}: no mapping: ${kinds}`);
    if (isCompose(document)) {
      lookup ??= text.includes('$') ? await lookupBeside(path, parts) : () => undefined;
      readCompose(where, document, lookup, finds);
    } else if (isKubernetes(document)) readKubernetes(where, document, finds);
    else throw new InputError(`read ${where}: neither services, nor apiVersion and kind: ${kinds}`);
  }
}

const kinds = 'must be a compose file, Kubernetes objects, or a Dockerfile';

/** The environment, then the file `.env` in the folder of the compose file, as compose looks for values. */
async function lookupBeside(path: string, { read, env }: FileParts): Promise<Lookup> {
  const beside = join(dirname(path), '.env');
  const values = parseEnv(await read(beside).catch(nothingIfAbsent));
  const valueIn = (of: FileParts['env'], name: string) => (Object.hasOwn(of, name) ? of[name] : undefined);
  return (name) => valueIn(env, name) ?? valueIn(values, name);
}

function nothingIfAbsent(error: unknown): string {
  const cause = error instanceof InputError ? error.cause : null;
  if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return '';
  throw error;
}
