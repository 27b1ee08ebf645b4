/** The file of `--state`. */
import { fileStore } from '../../../client/src/node/index.ts';
import { messageOf } from '../../errors.ts';

/** What is wrong, and what helps, by the system's code. Other errors say it themselves. */
const faults: Readonly<Record<string, string>> = {
  ENOENT: 'its folder must exist',
  ENOTDIR: 'a part of the path is no folder: must be one',
  EISDIR: 'must be a file, not a folder',
  EACCES: 'it and its folder must be writable for this user',
  EPERM: 'it and its folder must be writable for this user',
  EROFS: 'must be on a file system that can be written',
  ENOSPC: 'the disk is full: must have room',
  EDQUOT: "this user's part of the disk is full: must have room",
};

/** Saves positions one after the other; while one is written, only the newest waits. */
export class StateFile {
  readonly #store: ReturnType<typeof fileStore>;
  readonly #path: string;
  readonly #onFault: (error: Error) => void;
  #next: string | null = null;
  #saved: string | null = null;
  #running: Promise<void> | null = null;

  /** @param onFault hears of a position that could not be saved */
  constructor(path: string, onFault: (error: Error) => void) {
    this.#path = path;
    this.#store = fileStore(path);
    this.#onFault = onFault;
  }

  /** The position that was saved; null: none. Rejects if the file cannot be read, or holds something else. */
  async load(): Promise<string | null> {
    try {
      return (await this.#store.load()) ?? null;
    } catch (error) {
      throw this.#faultOf(error);
    }
  }

  save(position: string): void {
    this.#next = position;
    this.#running ??= this.#write().finally(() => {
      this.#running = null;
    });
  }

  /** Resolves when the newest position is in the file, or could not be written. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #write(): Promise<void> {
    try {
      for (let position = this.#next; position !== this.#saved && position !== null; position = this.#next) {
        await this.#store.save(position);
        this.#saved = position;
      }
    } catch (error) {
      this.#onFault(this.#faultOf(error));
    }
  }

  #faultOf(cause: unknown): Error {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const fault = faults[code];
    return new Error(fault === undefined ? messageOf(cause) : `${this.#path}: ${fault} (${code})`, { cause });
  }
}
