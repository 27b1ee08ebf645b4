/** When rows may move: not under the pointer, not while somebody reads further down or goes through them by keyboard. */
import { useEffect, useRef } from 'preact/hooks';

export interface Hold {
  /** The element whose rows these are. */
  readonly list: { readonly current: HTMLDivElement | null };
  /** Whether rows may move now. It is the same function at each drawing. */
  readonly mayMove: () => boolean;
}

/** @param isPaused somebody asked for quiet */
export function useHold(isPaused: boolean): Hold {
  const list = useRef<HTMLDivElement>(null);
  const paused = useRef(isPaused);
  paused.current = isPaused;
  const isPointedAt = useRef(false);
  useEffect(() => {
    const point = (event: PointerEvent) => {
      const { target } = event;
      // A finger that has left the screen points at nothing.
      const isGone = event.type !== 'pointermove' && event.type !== 'pointerdown';
      isPointedAt.current = !isGone && target instanceof Node && list.current?.contains(target) === true;
    };
    const types = ['pointermove', 'pointerdown', 'pointercancel'] as const;
    for (const type of types) document.addEventListener(type, point, { passive: true });
    const leave = () => {
      isPointedAt.current = false;
    };
    document.documentElement.addEventListener('pointerleave', leave);
    return () => {
      for (const type of types) document.removeEventListener(type, point);
      document.documentElement.removeEventListener('pointerleave', leave);
    };
  }, []);
  const mayMove = useRef(() => {
    const element = list.current;
    if (element === null) return true;
    const isScrolled = element.getBoundingClientRect().top < 0;
    const isWalkedThrough = element.contains(document.activeElement);
    return !paused.current && !isPointedAt.current && !isScrolled && !isWalkedThrough;
  });
  return { list, mayMove: mayMove.current };
}
