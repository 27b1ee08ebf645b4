/** Lines of an answer that is known already: written together, because each write of a pipe is a system call. */
import type { Screen } from './terminal.ts';

/** Characters that are written at once. A pipe takes 64 KiB without a reader. */
export const blockLength = 32 * 1024;

export class Blocks {
  readonly #screen: Screen;
  #text = '';
  #hasReader = true;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** False once the reader has left, as `head` does: what follows need not be asked for. */
  get hasReader(): boolean {
    return this.#hasReader;
  }

  /** Adds a line. Resolves when more may come. */
  async add(line: string): Promise<void> {
    this.#text += `${line}\n`;
    if (this.#text.length >= blockLength) await this.flush();
  }

  /** Writes what is left. */
  async flush(): Promise<void> {
    const text = this.#text;
    this.#text = '';
    if (text !== '' && this.#hasReader) this.#hasReader = await this.#screen.write(text);
  }
}
