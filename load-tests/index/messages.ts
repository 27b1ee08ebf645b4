/** The messages between the script and its asker. */

export interface Ask {
  readonly kind: 'ask';
  readonly port: number;
  /** Kept connections; each has one request under way. */
  readonly connections: number;
  /** Whole requests, sent in turn. */
  readonly requests: readonly string[];
  /** It ends after so many answers, or after this time, ms. */
  readonly answers: number;
  readonly durationMs: number;
}

export interface Asked {
  readonly kind: 'asked';
  /** Answers with a 2xx. */
  readonly answered: number;
  readonly refused: number;
  /** The beginning of an answer that was no 2xx; null: there was none. */
  readonly refusal: string | null;
  /** From the first request to the last answer, ms. */
  readonly elapsedMs: number;
  /** From request to answer, ms, of each answer with a 2xx. */
  readonly latenciesMs: Float64Array;
  /** Bytes of the last answer's body. */
  readonly bodyBytes: number;
}

export interface AskFailed {
  readonly kind: 'failed';
  readonly message: string;
}

export type FromAsker = Asked | AskFailed;
