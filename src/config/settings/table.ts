/** The settings as Markdown tables, derived from the schema. A test compares them with docs/configuration.md. */
import type { Setting, SettingsTree } from './tree.ts';

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
