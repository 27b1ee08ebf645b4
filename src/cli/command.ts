/** What a command sees of the process, so that tests need none. */
export interface CommandIo {
  /** Writes a line to standard output. */
  out(line: string): void;
  /** Writes a line to standard error. */
  err(line: string): void;
  /** Reads a file; throws where it can't. `-` is standard input. */
  readFile(path: string): Uint8Array;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** One word after `manifeed`. */
export interface Command {
  readonly name: string;
  /** Arguments, as help shows them: `[--config FILE]`. */
  readonly usage: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Lines below the usage in the command's own help. Default none. */
  readonly details?: readonly string[];
  /**
   * @param argv what follows the name
   * @returns the process's exit code
   */
  run(argv: readonly string[], io: CommandIo): Promise<number>;
}

/** Exit codes: the shell's habit is 2 for wrong use, configuration included. */
export const exitCodes = { ok: 0, failed: 1, usage: 2 } as const;

/** Wrong use of a command: its message and usage are printed, without a stack. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}
