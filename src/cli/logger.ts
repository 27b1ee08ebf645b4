import { type DestinationStream, type Logger, pino } from 'pino';

/**
 * The gateway's log: one JSON object a line, with times as RFC 3339 (UTC, milliseconds) and levels as words, as
 * people and log stores read them.
 *
 * @param level lines less severe than this are not written
 * @param destination default: standard output
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
