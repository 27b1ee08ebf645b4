import type { ComponentChildren } from 'preact';
import { Freshness, type FreshnessState } from './freshness.tsx';

export interface ScreenHeadProps {
  /** A sentence or a name. */
  readonly title: ComponentChildren;
  /** Below the title. */
  readonly lead?: ComponentChildren;
  readonly state?: FreshnessState;
  /** Buttons and links, to the right. */
  readonly children?: ComponentChildren;
}

/** The head of each screen: its title, how true it is, and what can be done. */
export function ScreenHead({ title, lead, state, children }: ScreenHeadProps) {
  return (
    <header class="screen-head">
      <div class="screen-title">
        <h1 tabIndex={-1}>{title}</h1>
        {lead !== undefined && <p class="muted">{lead}</p>}
      </div>
      <div class="screen-side">
        {state !== undefined && <Freshness state={state} />}
        {children}
      </div>
    </header>
  );
}
