import { useEffect, useRef, useState } from 'preact/hooks';
import { countText } from '../../lib/numbers.ts';
import { Icon } from '../../parts/icon.tsx';

/** Between two announcements, ms: a screen reader must come to its end. */
const announcedMs = 5_000;

/** Tells of changes that wait until the list may move, and shows them when asked. It takes no room of its own. */
export function NewChanges({ count, show }: { count: number; show: () => void }) {
  const said = useSaid(count);
  const reveal = () => {
    show();
    scrollTo({ top: 0 });
  };
  return (
    <div class="new-changes">
      <span class="off-screen" role="status" aria-live="polite">
        {said > 0 && `${countText(said)} new`}
      </span>
      {count > 0 && (
        <button type="button" class="button primary" onClick={reveal}>
          <Icon name="newer" />
          {countText(count)} new
        </button>
      )}
    </div>
  );
}

/** The count, but not more often than it can be said. */
function useSaid(count: number): number {
  const [said, say] = useState(0);
  const latest = useRef(count);
  latest.current = count;
  useEffect(() => {
    const timer = setInterval(() => say(latest.current), announcedMs);
    return () => clearInterval(timer);
  }, []);
  return count === 0 ? 0 : said;
}
