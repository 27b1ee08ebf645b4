import { useMemo, useRef } from 'preact/hooks';
import { keptRows } from '../lib/kept-rows.ts';

/** `keptRows` over the answers that come while the component is shown. @param keyOf the same function each time */
export function useKeptRows<T>(rows: readonly T[], keyOf: (row: T) => string): readonly T[] {
  const before = useRef<readonly T[]>([]);
  return useMemo(() => {
    before.current = keptRows(before.current, rows, keyOf);
    return before.current;
  }, [rows, keyOf]);
}
