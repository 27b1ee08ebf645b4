import type { Connection } from '../connection.ts';
import type { Terminal } from '../output/terminal.ts';
import type { TokenOf } from './fault.ts';
import type { Ask } from './gateway.ts';

/** What a command that asks a gateway uses of the process. */
export interface AskingParts {
  readonly terminal: Terminal;
  /** @param tokenOf default: a subscriber's */
  readonly askOver: (connection: Connection, tokenOf?: TokenOf) => Ask;
  /** ms since the epoch. */
  readonly now: () => number;
}
