import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { rowsToDraw } from '../lib/gradual.ts';

/** As many of the rows as are drawn now. The others follow, some with each frame. */
export function useGradualRows<T>(rows: readonly T[], keyOf: (row: T) => string): readonly T[] {
  const drawn = useRef<ReadonlySet<string>>(new Set());
  const [, drawMore] = useState(0);
  const now = rowsToDraw(rows, keyOf, drawn.current);
  useLayoutEffect(() => {
    drawn.current = new Set(now.map(keyOf));
    if (now.length === rows.length) return;
    const frame = requestAnimationFrame(() => drawMore((step) => step + 1));
    return () => cancelAnimationFrame(frame);
  });
  return now;
}
