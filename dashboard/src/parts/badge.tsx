import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon.tsx';

/** How good or bad it is; `quiet`: neither. */
export type Tone = 'good' | 'warning' | 'bad' | 'quiet' | 'accent';

/** A state: a picture and a word, so that colour alone says nothing. */
export function Badge({ tone, icon, children }: { tone: Tone; icon: IconName; children: ComponentChildren }) {
  return (
    <span class={`badge ${tone}`}>
      <Icon name={icon} />
      {children}
    </span>
  );
}
