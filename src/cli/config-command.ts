import { TextDecoder } from 'node:util';
import { printConfig } from '../config/config.ts';
import { settings } from '../config/schema.ts';
import { settingsTable } from '../config/settings/table.ts';
import { type Command, exitCodes } from './command.ts';

/** `manifeed config`: prints the resolved settings with secrets hidden, or what is wrong with them. */
export const configCommand: Command = {
  name: 'config',
  usage: '[--config FILE] [--SETTING VALUE]… | --settings',
  summary: 'Print the resolved configuration, with secrets hidden, or what is wrong with it',
  details: ['', '  --settings  list every setting with its default, variable and meaning'],
  async run(argv, io) {
    if (argv.length === 1 && argv[0] === '--settings') {
      io.out(settingsTable(settings));
      return exitCodes.ok;
    }
    const readFile = (path: string) => new TextDecoder().decode(io.readFile(path));
    io.out(printConfig({ argv, env: io.env, readFile }).trimEnd());
    return exitCodes.ok;
  },
};
