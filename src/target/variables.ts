/** What scripts and pipelines get of a delivery. */
import { changeVariables } from '../event/change-variables.ts';
import type { WireChange } from '../event/wire-change.ts';
import type { ChangeDelivery } from './kind.ts';

/**
 * Those of the newest change (docs/commands.md), `MANIFEED_CHANGE_COUNT`: how many changes there are, and
 * `MANIFEED_CHANGE_TEST`: `1` if it is a test, else empty.
 */
export function deliveryVariables({
  change,
  changes,
  kind,
}: ChangeDelivery): Readonly<Record<string, string>> {
  return {
    ...changeVariables(change),
    MANIFEED_CHANGE_COUNT: String(changes.length),
    MANIFEED_CHANGE_TEST: kind === 'test' ? '1' : '',
  };
}

/** The newest change, and the newest of each tag, oldest first. */
export interface ChangesMessage {
  readonly change: WireChange;
  readonly changes: readonly WireChange[];
}

/**
 * `{change, changes}` with as many changes as fit, the newest ones; the newest always.
 *
 * @param maxBytes of its JSON
 */
export function changesWithin({ change, changes }: ChangeDelivery, maxBytes: number): ChangesMessage {
  const kept: WireChange[] = [];
  let bytes = Buffer.byteLength(JSON.stringify({ change, changes: [] }));
  for (const each of changes.toReversed()) {
    // The comma too.
    bytes += Buffer.byteLength(JSON.stringify(each)) + 1;
    if (bytes > maxBytes) break;
    kept.unshift(each);
  }
  return { change, changes: kept };
}
