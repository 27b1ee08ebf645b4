/** Errors for a store that does not hold what was written. They stay inside the ledger. */

/** Changes are missing from the log, or damaged. A reader that has not seen them must not receive later ones. */
export class ChangesLost extends Error {
  /** The last of them. Reading can continue after it. */
  readonly upTo: number;

  constructor(upTo: number, found: string) {
    super(`read changes: ${found}: must be the change that was written`);
    this.name = 'ChangesLost';
    this.upTo = upTo;
  }
}

/** A record other than a change is damaged: its checksum, or the form of a value, is wrong. */
export class RecordDamaged extends Error {
  constructor(what: string) {
    super(`read the ledger: ${what} is damaged: must be as it was written`);
    this.name = 'RecordDamaged';
  }
}
