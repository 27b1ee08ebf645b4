import type { Connection } from '../connection.ts';
import type { Terminal } from '../output/terminal.ts';
import type { Ask } from './gateway.ts';

/** What a command that asks a gateway uses of the process. */
export interface AskingParts {
  readonly terminal: Terminal;
  readonly askOver: (connection: Connection) => Ask;
  /** ms since the epoch. */
  readonly now: () => number;
}
