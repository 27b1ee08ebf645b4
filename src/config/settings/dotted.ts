/** Sets values from flags and variables, and nests keys with dots (`ledger.minReplicas: 1`). */
import { formatPath, type Problem } from './problems.ts';
import { showValue } from './secrets.ts';
import { isRawObject, type Path, type Raw, type RawObject, type SettingsTree } from './tree.ts';

/** A copy with one value set. A scalar on the path becomes the object that it stands for. */
export function assign(
  settings: SettingsTree,
  tree: RawObject,
  path: Path,
  value: Raw,
  above: Path = [],
): RawObject {
  const [step, ...rest] = path;
  if (step === undefined) return tree;
  if (rest.length === 0) return { ...tree, [step]: value };
  const here = [...above, step];
  const inner = tree[step];
  const container = isRawObject(inner) ? inner : expandShorthand(settings, inner, here);
  return { ...tree, [step]: assign(settings, container, rest, value, here) };
}

function expandShorthand(settings: SettingsTree, value: Raw | undefined, path: Path): RawObject {
  const key = shorthandAt(settings, path);
  return value === undefined || value === null || key === null ? {} : { [key]: value };
}

function shorthandAt(settings: SettingsTree, path: Path): string | null {
  return settings.nodesAt(path).find((node) => node.shorthand !== undefined)?.shorthand ?? null;
}

/** The tree with its dotted keys nested. Adds a problem for each key that is given in both forms. */
export function nestDottedKeys(
  settings: SettingsTree,
  value: Raw,
  problems: Problem[],
  path: Path = [],
): Raw {
  if (Array.isArray(value))
    return value.map((inner: Raw, at) => nestDottedKeys(settings, inner, problems, [...path, at]));
  if (!isRawObject(value)) return value;
  const entries = Object.entries(value).map(([key, inner]) => ({
    key,
    inner,
    steps: stepsOf(settings, key, path),
  }));
  const plain = entries.filter(({ steps }) => steps.length === 1);
  let tree: RawObject = Object.fromEntries(
    plain.map(({ key, inner }) => [key, nestDottedKeys(settings, inner, problems, [...path, key])]),
  );
  for (const { key, inner, steps } of entries) {
    if (steps.length === 1) continue;
    const obstacle = obstacleTo(settings, tree, steps, path);
    if (obstacle === null)
      tree = assign(
        settings,
        tree,
        steps,
        nestDottedKeys(settings, inner, problems, [...path, ...steps]),
        path,
      );
    else problems.push({ path: formatPath([...path, key]), message: obstacle });
  }
  return tree;
}

/**
 * `ledger.url` → two steps if `ledger` is a section here; otherwise one step, the key itself. A mapping with any keys has
 * keys with dots.
 */
function stepsOf(settings: SettingsTree, key: string, path: Path): readonly string[] {
  const steps = key.split('.');
  const isSetting = settings.nodesAt(path).some((node) => Object.hasOwn(node.properties ?? {}, key));
  if (steps.length === 1 || isSetting) return [key];
  const free = steps.findIndex((_step, at) => isFree(settings, [...path, ...steps.slice(0, at)]));
  if (free >= 0) return [...steps.slice(0, free), steps.slice(free).join('.')];
  const section = steps.slice(0, -1);
  if (steps.includes('')) return [key];
  return settings.nodesAt([...path, ...section]).length > 0 ? steps : [key];
}

function isFree(settings: SettingsTree, path: Path): boolean {
  return settings.nodesAt(path).some(({ additionalProperties }) => typeof additionalProperties === 'object');
}

/** Why a dotted key cannot be nested; null if it can. */
function obstacleTo(
  settings: SettingsTree,
  tree: RawObject,
  steps: readonly string[],
  above: Path,
): string | null {
  let at: Raw | undefined = tree;
  for (const [index, step] of steps.entries()) {
    const here: Path = [...above, ...steps.slice(0, index)];
    if (!isRawObject(at)) {
      const isWhole = shorthandAt(settings, here) === step;
      if (shorthandAt(settings, here) !== null && typeof at === 'string' && !isWhole) return null;
      const name = formatPath(here);
      return `${name} is given too, as ${showValue(settings, at, here)}: must be given once`;
    }
    at = Object.hasOwn(at, step) ? at[step] : undefined;
    if (at === undefined || at === null) return null;
  }
  return `given with a dot and within ${formatPath([...above, ...steps.slice(0, -1)])}: must be given once`;
}
