import { TextDecoder } from 'node:util';
import { printConfig } from '../config/config.ts';
import { settings } from '../config/schema.ts';
import type { Setting, SettingsTree } from '../config/settings/tree.ts';
import { type Command, exitCodes } from './command.ts';

/** `manifeed config`: prints the resolved settings with secrets hidden, or what is wrong with them. */
export const configCommand: Command = {
  usage: '[--config FILE] [--SETTING VALUE]… | --settings',
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

/** One table for each section that has several settings; all other settings share the first table. */
export function settingsTable(tree: SettingsTree): string {
  const sections = Object.groupBy(tree.list(), ({ path }) => path.split(/[.[]/, 1)[0] ?? path);
  const lone = Object.values(sections).flatMap((settings = []) => (settings.length === 1 ? settings : []));
  const several = Object.entries(sections).filter(([, settings = []]) => settings.length > 1);
  return [
    table('General', lone),
    ...several.map(([name, settings = []]) => table(`\`${name}\``, settings)),
  ].join('\n\n');
}

function table(title: string, settings: readonly Setting[]): string {
  const head = [`### ${title}`, '', '| Setting | Default | Variable | Meaning |', '|---|---|---|---|'];
  return [...head, ...settings.map(row)].join('\n');
}

function row(setting: Setting): string {
  const variable = setting.env === null ? '' : `\`${setting.env}\``;
  const meaning = setting.description.replaceAll('|', '\\|');
  return `| \`${setting.path}\` | ${showDefault(setting)} | ${variable} | ${meaning} |`;
}

function showDefault(setting: Setting): string {
  if (setting.default === undefined) return '';
  if (Array.isArray(setting.default) && setting.default.length === 0) return 'none';
  const text = typeof setting.default === 'string' ? setting.default : JSON.stringify(setting.default);
  return `\`${text}\``;
}
