import type { Path, SettingsTree } from './tree.ts';

/** What variables put into one string of the file. */
interface Placed {
  /** Values of variables, in the order of the text. No defaults: those stand in the file. */
  readonly values: readonly string[];
  /** The string with `***` for each of them. */
  readonly shown: string;
}

/** Remembers which parts of the settings came from `${VAR}`, and are secret where the settings say so. */
export class PlacedVariables {
  readonly #byPath = new Map<string, Placed & { readonly path: Path }>();

  add(path: Path, placed: Placed): void {
    this.#byPath.set(JSON.stringify(path), { path, ...placed });
  }

  /** The string at a path with `***` for what came from variables; null: nothing did. */
  shownAt(path: Path): string | null {
    return this.#byPath.get(JSON.stringify(path))?.shown ?? null;
  }

  /** All values below a path that are in members with `secret: 'variables'`. */
  secretsWithin(tree: SettingsTree, above: Path): readonly string[] {
    const isSecret = (path: Path) =>
      above.every((step, index) => path[index] === step) &&
      path.some((_step, at) =>
        tree.nodesAt(path.slice(0, at + 1)).some(({ secret }) => secret === 'variables'),
      );
    return [...this.#byPath.values()].filter(({ path }) => isSecret(path)).flatMap(({ values }) => values);
  }
}
