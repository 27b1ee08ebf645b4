/**
 * Whether this Node is new enough. On an older one the other modules fail to load, with an error that does not say so:
 * so this one imports nothing, and `main.ts` asks it first.
 */

/** `engines.node` of package.json. */
export const leastNode = '22.19';

/** @param version as `process.versions.node` has it @returns what to tell the user; null: it is new enough */
export function nodeFault(version: string): string | null {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = leastNode.split('.').map(Number);
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return null;
  return `manifeed needs Node ${leastNode} or newer, this is ${version}`;
}
