import { useEffect, useRef, useState } from 'preact/hooks';
import type { Access } from '../gateway/access.ts';
import { restMs } from '../lib/gradual.ts';
import { hrefOf, type Route } from '../lib/route.ts';
import { Empty } from '../parts/empty.tsx';
import { ScreenHead } from '../parts/screen-head.tsx';
import type { Screen } from '../screens/screen.ts';
import { screens } from '../screens/screens.ts';
import { Help } from './help.tsx';
import { useKeys } from './keys.ts';
import { Navigation } from './navigation.tsx';
import { OnlyOperators } from './only-operators.tsx';
import { route } from './route.ts';
import { screenOf } from './screen-of.ts';

/** Navigation, and in a second step one screen: the first text of a page takes long, the browser looks for fonts. */
export function Shell({ access }: { access: Access }) {
  useKeys();
  const hasRested = useRest();
  const at = route.value;
  const screen = screenOf(screens, at, access);
  useTitle(titleOf(at.rest, screen), access.gateway);
  return (
    <div class="shell">
      <button type="button" class="skip button" onClick={skip}>
        Skip to the content
      </button>
      <Navigation current={screen} access={access} />
      <main id="main" tabIndex={-1}>
        {hasRested && <Place {...{ screen, at, access }} />}
      </main>
      <Help />
    </div>
  );
}

/** The screen, or why it is not shown. */
function Place({ screen, at, access }: { screen: Screen | undefined; at: Route; access: Access }) {
  if (screen === undefined) return <NoSuchScreen />;
  if (screen.group === 'operators' && !access.admin) {
    return <OnlyOperators title={screen.title} access={access} />;
  }
  return <screen.View key={`${screen.name}/${at.rest}`} route={at} />;
}

/** Whether the browser has had time to paint what was drawn first. */
function useRest(): boolean {
  const [hasRested, end] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => end(true), restMs);
    return () => clearTimeout(timer);
  }, []);
  return hasRested;
}

/** What the screen is about, if it is about one thing; else its own name. */
function titleOf(rest: string, screen: Screen | undefined): string {
  if (screen === undefined) return 'Not found';
  return rest === '' ? screen.title : rest;
}

/** The hash belongs to the screens, so this is no link. */
function skip(): void {
  document.getElementById('main')?.focus();
}

function NoSuchScreen() {
  return (
    <>
      <ScreenHead title="There is no such screen" />
      <Empty title="The address names a screen that this dashboard does not have.">
        <p>
          <a href={hrefOf('')}>Go to the first screen</a>
        </p>
      </Empty>
    </>
  );
}

/** Names the window after the screen, and brings the focus to a new one, where a reader goes on. */
function useTitle(title: string, gateway: string): void {
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${title} · ${gateway} · Manifeed`;
    const main = document.querySelector('main');
    // A screen may have put it elsewhere already, into a field.
    const isPlaced = main?.contains(document.activeElement) === true;
    if (!isFirst.current && !isPlaced) main?.querySelector('h1')?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [title, gateway]);
}
