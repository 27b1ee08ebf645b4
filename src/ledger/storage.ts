/** What a ledger's store holds and may still take, for operators. */
export interface Storage {
  /** What the ledger takes, bytes; with Redis what Redis uses in all. Null: not known, or in memory. */
  readonly bytes: number | null;
  /** What it may still take, bytes: on the disk, or up to Redis's `maxmemory`. Null: not known, or without limit. */
  readonly freeBytes: number | null;
  /** What was found damaged, so that nothing more is stored; null: nothing. */
  readonly damage: string | null;
  /** How acknowledged changes may be lost, and what to set; null: in no way that is known, or in memory. */
  readonly risk: { readonly cause: string; readonly remedy: string } | null;
}

export const unknownStorage: Storage = { bytes: null, freeBytes: null, damage: null, risk: null };
