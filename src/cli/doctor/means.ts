/** What the examination uses. */
import type { Fetch } from '../../../client/src/index.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Connection } from '../connection.ts';

/** The machine on which the command runs. */
export interface Machine {
  /** Bytes that a file in this folder may still take. Rejects with the system's error. */
  freeBytes(folder: string): Promise<number>;
  /** Whether this user may write in the folder. */
  isWritable(folder: string): Promise<boolean>;
  /** Open files that a process started from here may have; Infinity: not known, or without limit. */
  openFiles(): number;
}

/** What is examined, and with what. Tests supply their own. */
export interface Means {
  readonly connection: Connection;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** The client's requests go through it. */
  readonly fetch: Fetch;
  /** The status of a HEAD, or why there is none within the time, ms. */
  readonly headStatus: (url: string, timeoutMs: number) => Promise<number | Error>;
  readonly machine: Machine;
}
