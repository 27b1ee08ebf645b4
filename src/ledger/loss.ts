/** What a ledger throws to itself when its store does not hold what was written. No client sees these. */

/**
 * Changes are missing from the log, or are not as they were written. Nothing after them may be given to a reader
 * that has not seen them.
 */
export class ChangesLost extends Error {
  /** The last of them: reading can go on after it. */
  readonly upTo: number;

  constructor(upTo: number, found: string) {
    super(`read changes: ${found}: must be the change that was written`);
    this.name = 'ChangesLost';
    this.upTo = upTo;
  }
}

/** A record that is not a change is not as it was written: its checksum, or the form of a value, is wrong. */
export class RecordDamaged extends Error {
  /** @param what for example `tag "1.2" of r.example.com/team/app` */
  constructor(what: string) {
    super(`read the ledger: ${what} is damaged: must be as it was written`);
    this.name = 'RecordDamaged';
  }
}
