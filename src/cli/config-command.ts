import { TextDecoder } from 'node:util';
import { type Check, printConfig } from '../config.ts';
import { type Command, exitCodes } from './command.ts';

/** `manifeed config`: the resolved settings, secrets hidden; or what is wrong with them. */
export function configCommand(checks: readonly Check[]): Command {
  return {
    name: 'config',
    usage: '[--config FILE] [--SETTING VALUE]…',
    summary: 'Print the resolved configuration, with secrets hidden, or what is wrong with it',
    async run(argv, io) {
      const readFile = (path: string) => new TextDecoder().decode(io.readFile(path));
      io.out(printConfig({ argv, env: io.env, readFile, checks }).trimEnd());
      return exitCodes.ok;
    },
  };
}
