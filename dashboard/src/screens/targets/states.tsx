import { countText } from '../../lib/numbers.ts';
import type { Route } from '../../lib/route.ts';
import { hrefOf } from '../../lib/route.ts';
import { TargetState } from '../../parts/target-state.tsx';

interface StatesProps {
  readonly route: Route;
  /** What is shown now; null: all. */
  readonly chosen: string | null;
  /** Of each state how many targets are in it. */
  readonly counts: readonly (readonly [state: string, count: number])[];
  readonly total: number;
}

/** How many targets are in which state; each leads to them alone. */
export function States({ route, chosen, counts, total }: StatesProps) {
  return (
    <nav class="states" aria-label="States">
      <a href={hrefOf(route.screen)} aria-current={chosen === null ? 'true' : undefined}>
        All <span class="muted">{countText(total)}</span>
      </a>
      {counts.map(([state, count]) => (
        <a
          key={state}
          href={hrefOf(route.screen, '', new URLSearchParams({ state }))}
          aria-current={chosen === state ? 'true' : undefined}
        >
          <TargetState state={state} /> <span class="muted">{countText(count)}</span>
        </a>
      ))}
    </nav>
  );
}
