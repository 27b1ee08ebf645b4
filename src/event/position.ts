/**
 * `<epoch>-<sequence>`: the place of a change in the ledger. Sequences have no gaps and begin at 1; 0 is before
 * everything. The epoch is 8 random characters of [0-9a-z], and changes whenever continuity is lost.
 */
export interface Position {
  readonly epoch: string;
  readonly sequence: number;
}

const grammar = /^([0-9a-z]{1,32})-(0|[1-9][0-9]{0,15})$/;

/** Returns null if the string is no position, or its sequence is no safe integer. */
export function parsePosition(text: string): Position | null {
  const match = grammar.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return null;
  const sequence = Number(match[2]);
  return Number.isSafeInteger(sequence) ? { epoch: match[1], sequence } : null;
}

/** The wire form of a position. */
export function formatPosition(epoch: string, sequence: number): string {
  return `${epoch}-${sequence}`;
}
