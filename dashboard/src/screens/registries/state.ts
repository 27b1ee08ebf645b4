import { absenceAt, type RegistryStatus, type Status, type StatusWarning } from '../../gateway/status.ts';
import type { Upstream } from '../../gateway/upstreams.ts';

/** How a registry does. */
export interface State extends Pick<RegistryStatus, 'state' | 'leftAloneUntil' | 'lastFailure'> {
  /** That it does not have all that is watched there. */
  readonly absence: StatusWarning | null;
}

/** @returns what the status says; of a registry that its answer has left out, what the poller alone knows */
export function stateOf(
  { registry, breaker }: Upstream,
  { registries, warnings }: Pick<Status, 'registries' | 'warnings'>,
): State {
  const absence = absenceAt(registry, warnings);
  const known = registries.find((each) => each.registry === registry);
  if (known === undefined) {
    const state = { closed: 'ok', open: 'left-alone' }[breaker] ?? breaker;
    return { state, leftAloneUntil: null, lastFailure: null, absence };
  }
  const { state, leftAloneUntil, lastFailure } = known;
  return { state, leftAloneUntil, lastFailure, absence };
}
