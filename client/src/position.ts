/** A position, `<epoch>-<sequence>` (PROTOCOL.md, section 2). Positions of one epoch are ordered by sequence. */
export interface Place {
  readonly epoch: string;
  readonly sequence: number;
}

/** Splits a position that the gateway sent. A malformed one has the sequence NaN, which is neither less nor more. */
export function placeOf(position: string): Place {
  const dash = position.indexOf('-');
  return { epoch: position.slice(0, dash), sequence: Number(position.slice(dash + 1)) };
}
