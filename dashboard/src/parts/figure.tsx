import type { ComponentChildren } from 'preact';

/** What one wants to know at a glance. */
export function Figures({ children }: { children: ComponentChildren }) {
  return <dl class="figures">{children}</dl>;
}

/** One number or word, with what it means below. */
export function Figure({
  name,
  note = '',
  children,
}: {
  name: string;
  note?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <span class="figure">{children}</span>
        <span class="muted">{note}</span>
      </dd>
    </div>
  );
}
