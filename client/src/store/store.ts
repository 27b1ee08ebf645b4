/** Keeps the position of a stream over restarts. */
export interface PositionStore {
  /** Null or undefined: none was saved. */
  load(): string | null | undefined | Promise<string | null | undefined>;
  /** Called when the event that brought the position is processed; never twice at the same time. */
  save(position: string): void | Promise<void>;
}

const grammar = /^[0-9a-z]+-\d{1,16}$/;

/** Whether a text can be a position. */
export function isPosition(text: string): boolean {
  return grammar.test(text);
}
