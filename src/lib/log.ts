/** The part of a pino logger that the core uses: fields first, then the message. Never pass secrets. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const noLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
