/** Standard output and standard error, as commands use them. Tests supply their own. */
import { styleText } from 'node:util';
import { watchReader } from './reader.ts';

export type Style = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';

/** One of the two streams. */
export interface Screen {
  readonly isTty: boolean;
  /** Resolves when more may be written, to whether this was written. It is not if the reader has left. */
  write(text: string): Promise<boolean>;
  /** Colours a text if this stream shows colours: a TTY does, unless `NO_COLOR` says otherwise. */
  paint(style: Style, text: string): string;
}

export interface Terminal {
  readonly out: Screen;
  readonly err: Screen;
  /** Calls `onGone` once the reader of standard output has left, as `head` does. Returns an idempotent stop. */
  watchReader(onGone: () => void): () => void;
}

/** The streams of this process. */
export function processTerminal(): Terminal {
  // Nobody is left to tell.
  process.stderr.on('error', () => {});
  return {
    out: screenOf(process.stdout),
    err: screenOf(process.stderr),
    watchReader: (onGone) => watchReader(process.stdout, onGone),
  };
}

function screenOf(stream: NodeJS.WriteStream): Screen {
  return {
    isTty: stream.isTTY === true,
    write: (text) =>
      new Promise(
        (resolve) => void stream.write(text, (error) => resolve(error === null || error === undefined)),
      ),
    paint: (style, text) => styleText(style, text, { stream }),
  };
}

/** A terminal without colours. */
export function withoutColor(terminal: Terminal): Terminal {
  const plain = (screen: Screen): Screen => ({ ...screen, paint: (_style, text) => text });
  return { ...terminal, out: plain(terminal.out), err: plain(terminal.err) };
}
