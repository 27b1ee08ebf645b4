/** Whether anyone still reads standard output. */
import { spawn } from 'node:child_process';
import { fstatSync } from 'node:fs';

/**
 * Calls `onGone` once the reader of standard output has left, as `head -1` does after its line. A write would tell, but
 * there may be nothing to write for hours, and Node cannot poll a pipe that it only writes to. GNU tail does (SIGPIPE
 * ends it), so it watches where it is there; elsewhere the next line tells.
 *
 * @returns an idempotent stop
 */
export function watchReader(stdout: NodeJS.WriteStream, onGone: () => void): () => void {
  const onError = () => onGone();
  stdout.on('error', onError);
  const stopTail = fstatSync(1).isFIFO() ? tail(onGone) : () => {};
  return () => {
    stdout.off('error', onError);
    stopTail();
  };
}

function tail(onGone: () => void): () => void {
  // It ends with this process too, however that ends.
  const args = ['-f', `--pid=${process.pid}`, '/dev/null'];
  const child = spawn('tail', args, { stdio: ['ignore', 'inherit', 'ignore'] });
  child.unref();
  child.once('error', () => {});
  child.once('exit', (_code, signal) => {
    if (signal === 'SIGPIPE') onGone();
  });
  return () => void child.kill();
}
