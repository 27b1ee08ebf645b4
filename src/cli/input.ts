/** Files and standard input that a person gives a command. */
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { readFault } from '../lib/read-fault.ts';
import { InputError } from './command.ts';

/** Largest input, bytes. Of a whole cluster, `kubectl get pods -A -o json` has some 10 KiB a Pod. */
export const maxInputBytes = 32 * 1024 * 1024;

/** Reads a file as UTF-8; `-` is standard input. Rejects with an InputError. */
export type ReadInput = (path: string) => Promise<string>;

/** It does not hold the process: a person who waits at standard input can end it by Ctrl-C. */
export async function readInput(path: string, maxBytes = maxInputBytes): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop closes the stream.
  for await (const chunk of await openInput(path)) {
    bytes += chunk.length;
    if (bytes > maxBytes)
      throw new InputError(`read ${nameOf(path)}: more than ${maxBytes} bytes: must be smaller`);
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

/**
 * Opens a file, or standard input for `-`, to be read piece by piece.
 *
 * @throws InputError at once if it cannot be opened or is a directory, and while it is read if that fails
 */
export async function openInput(path: string): Promise<AsyncIterable<Uint8Array>> {
  if (path === '-') return piecesOf(path, process.stdin);
  try {
    // A directory can be opened; only reading it fails.
    if ((await stat(path)).isDirectory()) throw Object.assign(new Error(path), { code: 'EISDIR' });
    const file = createReadStream(path);
    await once(file, 'open');
    return piecesOf(path, file);
  } catch (error) {
    throw inputFault(path, error);
  }
}

/** Leaving it closes the stream. */
async function* piecesOf(path: string, stream: Readable): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of stream) {
      const bytes: Uint8Array = piece;
      yield bytes;
    }
  } catch (error) {
    throw inputFault(path, error);
  }
}

/** The error for an input that cannot be read. Its cause is Node's own. */
export function inputFault(path: string, error: unknown): InputError {
  return new InputError(`read ${nameOf(path)}: cannot be read: ${readFault(error)}`, { cause: error });
}

function nameOf(path: string): string {
  return path === '-' ? 'standard input' : path;
}
