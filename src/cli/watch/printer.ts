/** Prints each change as a line. */
import type { StatusLine } from '../output/status-line.ts';
import type { Screen } from '../output/terminal.ts';
import { localTime } from '../output/times.ts';
import type { WatchArguments } from './arguments.ts';
import type { Item } from './item.ts';
import { columnLine, itemJson, tabbedLine } from './lines.ts';
import type { Sink } from './sink.ts';

export class Printer implements Sink {
  readonly #status: StatusLine;
  readonly #line: (item: Item) => string;
  readonly #onLost: () => void;

  /**
   * @param onLost the reader has left
   * @param format `json-events` prints nothing here: there each event is a line, not only changes
   */
  constructor(format: WatchArguments['format'], out: Screen, status: StatusLine, onLost: () => void) {
    this.#onLost = onLost;
    this.#status = status;
    const columns = (item: Item) => columnLine(item, out.paint, localTime);
    if (format === 'columns') this.#line = out.isTty ? columns : tabbedLine;
    else this.#line = format === 'json' ? itemJson : () => '';
  }

  async take(item: Item, done: () => void): Promise<void> {
    const line = this.#line(item);
    if (line === '' || (await this.#status.data(line))) done();
    else this.#onLost();
  }

  stop(): void {}

  async idle(): Promise<void> {}
}
