/** Which position may be saved: the newest one below which everything is done. */

/** Most positions that are remembered. With more, the newest replaces the one before: less is saved, never too much. */
const maxMarks = 10_000;

interface Mark {
  readonly position: string;
  /** How many had begun when the position was reached. */
  readonly begun: number;
}

export class Progress {
  #begun = 0;
  /** Those that are not done, in the order in which they began. */
  readonly #open = new Set<number>();
  #marks: Mark[] = [];
  readonly #save: (position: string) => void;

  /** @param save gets each newer position that is safe */
  constructor(save: (position: string) => void) {
    this.#save = save;
  }

  /** Something is to be done. Returns an idempotent "done". */
  begin(): () => void {
    const number = this.#begun++;
    this.#open.add(number);
    return () => {
      if (this.#open.delete(number)) this.#settle();
    };
  }

  /** Everything at or below the position has begun, or needs nothing. */
  reach(position: string): void {
    const last = this.#marks.at(-1);
    const isSame = last?.begun === this.#begun || this.#marks.length >= maxMarks;
    if (isSame) this.#marks.pop();
    this.#marks.push({ position, begun: this.#begun });
    this.#settle();
  }

  #settle(): void {
    const [oldest = Number.POSITIVE_INFINITY] = this.#open;
    // A mark is safe if everything that had begun by then is done.
    const safe = this.#marks.findLastIndex(({ begun }) => begun <= oldest);
    const mark = this.#marks[safe];
    if (mark === undefined) return;
    this.#marks = this.#marks.slice(safe + 1);
    this.#save(mark.position);
  }
}
