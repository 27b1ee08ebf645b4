/** How a command is, on standard error: on a TTY one line that is rewritten, elsewhere a line for each news. */
import type { Screen } from './terminal.ts';

const eraseLine = '\r\u001b[K';

export class StatusLine {
  readonly #err: Screen;
  readonly #out: Screen;
  readonly #isQuiet: boolean;
  #shown = '';

  /** @param isQuiet shows notes only */
  constructor(screens: { readonly out: Screen; readonly err: Screen }, isQuiet: boolean) {
    this.#err = screens.err;
    this.#out = screens.out;
    this.#isQuiet = isQuiet;
  }

  /** @param isNews whether it is worth a line where lines cannot be rewritten */
  show(text: string, isNews: boolean): void {
    if (this.#isQuiet || text === this.#shown) return;
    if (this.#err.isTty) {
      void this.#err.write(`${eraseLine}${this.#err.paint('dim', text)}`);
      this.#shown = text;
    } else if (isNews) void this.#err.write(`${text}\n`);
  }

  /** A line that stays, unless `isQuiet`. */
  event(text: string): void {
    if (!this.#isQuiet) this.note(text);
  }

  /** A line that stays, quiet or not. */
  note(text: string): void {
    void this.#err.write(`${this.#erased}${text}\n${this.#again}`);
  }

  /** Writes a line of data. Resolves when more may be written, to whether it was written. */
  async data(line: string): Promise<boolean> {
    // Both on one screen: the status would stand in the middle of the line.
    const isShared = this.#shown !== '' && this.#out.isTty;
    if (isShared) void this.#err.write(eraseLine);
    const isWritten = await this.#out.write(`${line}\n`);
    if (isShared) void this.#err.write(this.#again);
    return isWritten;
  }

  /** Removes the status, so that others can write. */
  clear(): void {
    if (this.#shown !== '') void this.#err.write(eraseLine);
    this.#shown = '';
  }

  get #erased(): string {
    return this.#shown === '' ? '' : eraseLine;
  }

  get #again(): string {
    return this.#shown === '' ? '' : this.#err.paint('dim', this.#shown);
  }
}
