import type { ComponentChildren } from 'preact';
import { countText } from '../lib/numbers.ts';

/** A part of a screen with a heading. @param more how many rows it leaves out @param href where all of them are */
export function Section({
  title,
  more = 0,
  href,
  children,
}: {
  title: string;
  more?: number;
  href?: string;
  children: ComponentChildren;
}) {
  return (
    <section class="section">
      <h2>
        {title}
        {href !== undefined && (
          <a href={href}>{more > 0 ? `${countText(more)} more` : `All about ${title.toLowerCase()}`}</a>
        )}
      </h2>
      {children}
    </section>
  );
}
