import type { ComponentChildren } from 'preact';

/** The link of a row: `j` and `k` go from one to the next, Enter follows it. */
export function RowLink({ href, children }: { href: string; children: ComponentChildren }) {
  return (
    <a class="row-link" data-row-link="" href={href}>
      {children}
    </a>
  );
}
