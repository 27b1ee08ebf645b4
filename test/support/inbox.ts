/** How long a test waits for something before it gives up, ms. Long, because the machine may be busy. */
export const patienceMs = 30_000;

/**
 * What a client received and the test has not read yet. Clients push and tests take, so a test waits for the
 * message itself instead of sleeping until it has probably come.
 */
export class Inbox<T> {
  /** Everything that came, for counting and for messages of failed waits. */
  readonly seen: T[] = [];
  readonly #unread: T[] = [];
  #waiting: (() => void) | null = null;
  #ended: string | null = null;

  push(item: T): void {
    this.seen.push(item);
    this.#unread.push(item);
    this.#wake();
  }

  /** No more will come. Waits for what is not there fail at once. */
  end(why: string): void {
    this.#ended ??= why;
    this.#wake();
  }

  next(timeoutMs = patienceMs): Promise<T> {
    return this.until(() => true, timeoutMs);
  }

  /** The next item that fits. Items before it are skipped. */
  async until<S extends T>(fits: (item: T) => item is S, timeoutMs?: number): Promise<S>;
  async until(fits: (item: T) => boolean, timeoutMs?: number): Promise<T>;
  async until(fits: (item: T) => boolean, timeoutMs = patienceMs): Promise<T> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      for (let item = this.#unread.shift(); item !== undefined; item = this.#unread.shift()) {
        if (fits(item)) return item;
      }
      if (this.#ended !== null) throw new Error(`wait for a message: ${this.#ended}: ${this.#describe()}`);
      if (!(await this.#arrival(deadline - Date.now()))) {
        throw new Error(`wait for a message: none within ${timeoutMs} ms: ${this.#describe()}`);
      }
    }
  }

  async take<S extends T>(count: number, fits: (item: T) => item is S, timeoutMs?: number): Promise<S[]> {
    const taken: S[] = [];
    while (taken.length < count) taken.push(await this.until(fits, timeoutMs));
    return taken;
  }

  #arrival(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), Math.max(0, timeoutMs));
      this.#waiting = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  #wake(): void {
    const wake = this.#waiting;
    this.#waiting = null;
    wake?.();
  }

  #describe(): string {
    return `the last that came: ${JSON.stringify(this.seen.slice(-5)).slice(0, 1_500)}`;
  }
}
