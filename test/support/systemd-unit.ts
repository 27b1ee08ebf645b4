/** Reads deploy/systemd/manifeed.service. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const unitFile = fileURLToPath(new URL('../../deploy/systemd/manifeed.service', import.meta.url));

/** The directives of a unit (systemd.syntax(7), without continued lines); a directive may be given several times. */
export function directivesOf(unit: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const [, name = '', value = ''] of unit.matchAll(/^([A-Z]\w*)=(.*)$/gm))
    found.set(name, [...(found.get(name) ?? []), value]);
  return found;
}

/** The directives of the file. */
export function readUnit(): ReadonlyMap<string, readonly string[]> {
  return directivesOf(readFileSync(unitFile, 'utf8'));
}
