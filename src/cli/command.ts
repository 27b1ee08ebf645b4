/** What a command uses of the process. Tests supply their own. */
export interface CommandIo {
  out(line: string): void;
  err(line: string): void;
  /** `-` is standard input. Throws if the file cannot be read. */
  readFile(path: string): Uint8Array;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** One command of the command line, once its code is loaded. */
export interface Command {
  /** Arguments, as help shows them: `[--config FILE]`. */
  readonly usage: string;
  /** Lines below the usage in the command's own help. */
  readonly details?: readonly string[];
  /** @returns the process's exit code */
  run(argv: readonly string[], io: CommandIo): Promise<number>;
}

/** A command in the list of commands. Its code is loaded only when it is called: `serve` alone takes a second. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Its exit code when it fails. Default 1; another one for commands of which 1 is an answer, as of diff(1). */
  readonly failureCode?: number;
  load(): Promise<Command>;
}

/** The exit code for wrong usage is 2, as in shells. A wrong configuration counts as wrong usage. */
export const exitCodes = { ok: 0, failed: 1, usage: 2 } as const;

/** The exit code for a failure of a command of which 1 is an answer. */
export const troubleCode = 2;

/** A file that a command was given does not hold what it must. Printed in one line, without the usage. */
export class InputError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'InputError';
  }
}

/** Wrong usage. Printed with the command's usage, without a stack. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}
