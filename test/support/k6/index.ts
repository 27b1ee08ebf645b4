/** Stand-in for `k6`. */

/** Holds the whole process as k6 holds the virtual user: whoever shares the process waits too. */
export function sleep(seconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000);
}
