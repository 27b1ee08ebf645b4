/** The messages between the latency script and its poster. */

export interface Post {
  readonly kind: 'post';
  readonly port: number;
  /** The hook's name. Its kind must be `distribution`. */
  readonly hook: string;
  readonly connections: number;
  readonly durationMs: number;
}

export interface Posted {
  readonly kind: 'posted';
  /** Deliveries that got a 2xx. */
  readonly acknowledged: number;
  readonly refused: number;
  /** From the first request to the last answer, ms. */
  readonly elapsedMs: number;
  /** From request to answer, ms, of each acknowledged delivery. */
  readonly latenciesMs: Float64Array;
}

export interface PostFailed {
  readonly kind: 'failed';
  readonly message: string;
}

export type FromPoster = Posted | PostFailed;
