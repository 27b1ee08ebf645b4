/** Files and standard input that a person gives a command. */
import { createReadStream } from 'node:fs';
import { TextDecoder } from 'node:util';
import { readFault } from '../lib/read-fault.ts';
import { InputError } from './command.ts';

/** Largest input, bytes. Of a whole cluster, `kubectl get pods -A -o json` has some 10 KiB a Pod. */
export const maxInputBytes = 32 * 1024 * 1024;

/** Reads a file as UTF-8; `-` is standard input. Rejects with an InputError. */
export type ReadInput = (path: string) => Promise<string>;

/** It does not hold the process: a person who waits at standard input can end it by Ctrl-C. */
export async function readInput(path: string, maxBytes = maxInputBytes): Promise<string> {
  const shown = path === '-' ? 'standard input' : path;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop closes the stream.
  try {
    for await (const chunk of path === '-' ? process.stdin : createReadStream(path)) {
      const some: Uint8Array = chunk;
      bytes += some.length;
      if (bytes > maxBytes)
        throw new InputError(`read ${shown}: more than ${maxBytes} bytes: must be smaller`);
      chunks.push(some);
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`read ${shown}: cannot be read: ${readFault(error)}`);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}
