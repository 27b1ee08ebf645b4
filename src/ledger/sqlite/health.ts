import { statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { type ManifeedError, unavailable } from '../../errors.ts';
import { ChangesLost, RecordDamaged } from '../loss.ts';
import { damaged, findDamage, isDamage } from './damage.ts';
import { refuseDisk } from './error.ts';

/** What the operator must learn, besides the errors that callers receive. */
export type Notice =
  | { readonly kind: 'new-epoch'; readonly reason: string }
  /** The floor was raised over changes that are missing or damaged. */
  | { readonly kind: 'changes-lost'; readonly floor: number; readonly reason: string }
  /** Tags that waited for a digest could not be read; a poll has to find them. */
  | { readonly kind: 'pending-lost'; readonly count: number }
  /** The row of a target could not be read: the target is reset. */
  | { readonly kind: 'target-lost'; readonly name: string }
  | { readonly kind: 'damaged'; readonly reason: string };

/** A larger file is not checked while the gateway runs: at this size readers wait some 5 s already. */
const maxBytesWhileRunning = 1024 * 1024 * 1024;
/** Notices that wait for the next reply; more are dropped. */
const maxNotices = 100;

/** Remembers whether the file is damaged, and turns failures into refusals. */
export class SqliteHealth {
  readonly #path: string;
  readonly #findDamage: (path: string) => string | null;
  #damage: string | null = null;
  #notices: Notice[] = [];

  /** @param check default: SQLite's quick_check */
  constructor(path: string, check: (path: string) => string | null = findDamage) {
    this.#path = path;
    this.#findDamage = check;
  }

  /** @throws UNAVAILABLE once damage was found: what is written to a damaged file may be lost later */
  assertWhole(action: string): void {
    if (this.#damage !== null) throw damaged(action, this.#damage);
  }

  /** What was found damaged; null: nothing. */
  get damage(): string | null {
    return this.#damage;
  }

  note(notice: Notice): void {
    if (this.#notices.length < maxNotices) this.#notices.push(notice);
  }

  takeNotices(): readonly Notice[] {
    const taken = this.#notices;
    if (taken.length > 0) this.#notices = [];
    return taken;
  }

  refuse(action: string, error: unknown): unknown {
    if (error instanceof RecordDamaged) return this.#giveUp(action, error.message);
    if (error instanceof ChangesLost) return unavailable(`${action}: ${error.message}`, error);
    if (error instanceof Database.SqliteError && isDamage(error.code))
      return this.#checked(action, error.code);
    return refuseDisk(action, error);
  }

  /** SQLite also says "corrupt" if a disk returned a wrong page once, while the file is whole. */
  #checked(action: string, code: string): ManifeedError {
    if (this.#damage !== null) return damaged(action, this.#damage);
    if (statSync(this.#path).size > maxBytesWhileRunning)
      return this.#giveUp(action, `${code}; too large to be checked while the gateway runs`);
    const found = this.#findDamage(this.#path);
    if (found !== null) return this.#giveUp(action, found);
    return unavailable(
      `${action}: SQLite read a damaged page (${code}), but a check found the file whole: the disk or the memory may be failing, check them`,
    );
  }

  #giveUp(action: string, found: string): ManifeedError {
    if (this.#damage === null) this.note({ kind: 'damaged', reason: found });
    this.#damage ??= found;
    return damaged(action, this.#damage);
  }
}
