/** The messages between the script of targets and its driver. Times are `hrMs()`. */

/** Publish changes evenly, and wait until every tool that counts has each of them. */
export interface RoundMessage {
  readonly kind: 'round';
  /** The gateway's. */
  readonly port: number;
  /** Begins the paths of the tools. */
  readonly lane: string;
  readonly changes: number;
  /** Between two changes, ms; 0: all at once, in one delivery. */
  readonly everyMs: number;
  /** The first so many tools count: they answer, and all have to have all. */
  readonly counted: number;
}

export interface RoundDone {
  readonly kind: 'done';
  /** From before the POST of a change to its arrival at each tool that counts, ms. */
  readonly latenciesMs: Float64Array;
  /** From before the first POST to the last arrival, ms. */
  readonly elapsedMs: number;
}

export interface Listening {
  readonly kind: 'listening';
  readonly port: number;
}

/** Something that invalidates the figures. */
export interface DriverFailed {
  readonly kind: 'failed';
  readonly message: string;
}

export type ToTools = RoundMessage;
export type FromTools = RoundDone | Listening | DriverFailed;

/** What a tool does: its path ends with it. */
export type Behaviour = 'accept' | 'hang' | 'fail' | 'refuse';
