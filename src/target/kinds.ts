/** The list of kinds. The configuration and the runner of targets read it. */
import type { Kind } from './kind.ts';
import { webhook } from './kinds/webhook.ts';

/** In the order of the documents. */
export const kinds: readonly [Kind, ...Kind[]] = [webhook];

const byName: ReadonlyMap<string, Kind> = new Map(kinds.map((kind) => [kind.name, kind]));

/** @throws Error for a name that the configuration should have refused */
export function kindOf({ kind: name }: { readonly kind: string }): Kind {
  const kind = byName.get(name);
  if (kind === undefined) throw new Error(`find kind of target: ${name}: must have been checked`);
  return kind;
}
