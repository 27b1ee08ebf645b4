/** What a command that asks once prints with: the screens of its flags, and warnings that stay. */
import { escapeLines } from '../output/escape.ts';
import { type Screen, type Terminal, withoutColor } from '../output/terminal.ts';

export interface OutputFlags {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly 'no-color': boolean;
}

export interface Output {
  readonly out: Screen;
  /** `columns` are for people, `tabs` and `json` for programs. */
  readonly format: 'columns' | 'tabs' | 'json';
  /** A line on standard error, quiet or not: something may be wrong. */
  warn(text: string): void;
  /** A line on standard error, unless `--quiet`. */
  note(text: string): void;
  /** A line on standard error for a person who looks on: on a TTY, unless `--quiet`. */
  remark(text: string): void;
}

/** @param name of the command */
export function outputOf(name: string, flags: OutputFlags, given: Terminal): Output {
  const { out, err } = flags['no-color'] ? withoutColor(given) : given;
  const say = (text: string) => void err.write(`${text}\n`);
  const warn = (text: string) => say(`manifeed ${name}: ${escapeLines(text)}`);
  return {
    out,
    format: flags.json ? 'json' : out.isTty ? 'columns' : 'tabs',
    warn,
    note: (text) => {
      if (!flags.quiet) warn(text);
    },
    remark: (text) => {
      if (!flags.quiet && err.isTty) say(err.paint('dim', escapeLines(text)));
    },
  };
}
