/** Looks for an operator's regular expression in what a command wrote. */
import { Worker } from 'node:worker_threads';
import type { Clock } from '../../lib/clock.ts';
import { CallError } from './error.ts';

/** What is to be found. */
export interface PatternSearch {
  /** Of the member that has the pattern, for errors. */
  readonly name: string;
  /** A regular expression; `^` and `$` are those of lines. */
  readonly pattern: string;
  readonly text: string;
}

/** A search that takes longer is given up, ms. */
const maxSearchMs = 2_000;

const script = `
  const { parentPort, workerData } = require('node:worker_threads');
  parentPort.postMessage(new RegExp(workerData.pattern, 'm').test(workerData.text));
`;

/**
 * Whether the pattern is anywhere in the text. It looks in a thread of its own: a pattern such as `(a+)+$` may take years,
 * and nothing else would go on meanwhile.
 *
 * @param signal ends it; its reason is thrown if that is a CallError
 * @throws CallError if it takes longer than two seconds
 */
export async function findPattern(
  { name, pattern, text }: PatternSearch,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<boolean> {
  if (signal.aborted) throw signal.reason;
  // It needs nothing of this process: neither its variables nor its flags.
  const worker = new Worker(script, { eval: true, workerData: { pattern, text }, env: {}, execArgv: [] });
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const end = () => reject(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  const failed = (why: string) =>
    reject(new CallError('process', `search ${name} in the output: ${why}: must be a simpler pattern`));
  const cancel = clock.after(maxSearchMs, () => failed(`not done after ${maxSearchMs} ms`));
  worker.once('message', resolve);
  worker.once('error', (error) => failed(error instanceof Error ? error.message : 'it failed'));
  try {
    return await promise;
  } finally {
    cancel();
    signal.removeEventListener('abort', end);
    await worker.terminate();
  }
}
