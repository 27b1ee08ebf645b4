/** The settings as a Markdown table, read off the schema; README holds it and a test compares the two. */
import { listSettings, type Setting } from './tree.ts';

/** One row for each key: path, default, environment variable, meaning. */
export function settingsTable(): string {
  const rows = listSettings().map(
    (setting) =>
      `| \`${setting.path}\` | ${showDefault(setting)} | ${setting.env === null || isSection(setting) ? '' : `\`${setting.env}\``} | ${setting.description.replaceAll('|', '\\|')} |`,
  );
  return ['| Setting | Default | Variable | Meaning |', '|---|---|---|---|', ...rows].join('\n');
}

/** A list of objects, which no variable can give. */
function isSection(setting: Setting): boolean {
  return setting.node.type === 'array' && setting.node.items?.properties !== undefined;
}

function showDefault(setting: Setting): string {
  if (setting.default === undefined) return '';
  if (Array.isArray(setting.default) && setting.default.length === 0) return 'none';
  const text = typeof setting.default === 'string' ? setting.default : JSON.stringify(setting.default);
  return `\`${text}\``;
}
