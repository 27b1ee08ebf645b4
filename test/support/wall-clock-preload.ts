/**
 * Moves `Date.now` of the process that loads this first, and of its worker threads, by the milliseconds in the
 * file named by WALL_CLOCK_OFFSET (a little-endian int64). Monotonic time is unchanged. So is `new Date()`
 * without an argument, which src does not use.
 */
import { openSync, readSync } from 'node:fs';

const path = process.env.WALL_CLOCK_OFFSET;
if (path !== undefined) {
  const file = openSync(path, 'r');
  const bytes = Buffer.alloc(8);
  const trueNow = Date.now;
  Date.now = () => {
    readSync(file, bytes, 0, bytes.length, 0);
    return trueNow() + Number(bytes.readBigInt64LE());
  };
}
