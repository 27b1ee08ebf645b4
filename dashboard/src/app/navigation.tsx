import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Access } from '../gateway/access.ts';
import { session } from '../gateway/gateway.ts';
import { hrefOf } from '../lib/route.ts';
import { Icon } from '../parts/icon.tsx';
import type { Screen } from '../screens/screen.ts';
import { screens } from '../screens/screens.ts';
import { openHelp } from './help.tsx';
import { route } from './route.ts';
import { ThemeSwitch } from './theme-switch.tsx';
import { Wordmark } from './wordmark.tsx';

const usual = screens.filter(({ group, isFirst }) => group === 'users' || isFirst);
const forOperators = screens.filter(({ group, isFirst }) => group === 'operators' && !isFirst);

/** Whether the menu of a narrow screen is open. */
const isOpen = signal(false);

/** The screens, who answers, and what concerns the page as a whole. */
export function Navigation({ current, access }: { current: Screen | undefined; access: Access }) {
  const at = route.value;
  // Something was chosen.
  useEffect(() => {
    if (at !== null) isOpen.value = false;
  }, [at]);
  return (
    <header class={`side ${isOpen.value ? 'open' : ''}`}>
      <div class="side-head">
        <Wordmark />
        <button
          {...{ type: 'button', class: 'button quiet menu-button' }}
          aria-expanded={isOpen.value}
          aria-controls="menu"
          onClick={() => {
            isOpen.value = !isOpen.value;
          }}
        >
          <Icon name={isOpen.value ? 'close' : 'menu'} />
          Menu
        </button>
      </div>
      <div id="menu" class="menu">
        <nav aria-label="Screens">
          <ul>{usual.map((each) => item(each, current))}</ul>
          <p class="nav-head">Operators</p>
          <ul>{forOperators.map((each) => item(each, current))}</ul>
        </nav>
        <div class="side-foot">
          <dl>
            <dt>Gateway</dt>
            <dd title={access.gateway}>{access.gateway}</dd>
            <dt>Token</dt>
            <dd title={access.name ?? undefined}>{access.name ?? 'not needed'}</dd>
          </dl>
          {access.name !== null && (
            <button type="button" class="button quiet" onClick={() => session.leave()}>
              Use another token
            </button>
          )}
          <div class="side-row">
            <ThemeSwitch />
            <button type="button" class="button quiet" onClick={openHelp}>
              Keys <kbd>?</kbd>
            </button>
          </div>
        </div>
      </div>
    </header>
  );
}

function item({ name, title, key }: Screen, current: Screen | undefined) {
  const isCurrent = current?.name === name;
  return (
    <li key={name}>
      <a href={hrefOf(name)} aria-current={isCurrent ? 'page' : undefined}>
        {title}
        {key !== null && <span aria-hidden="true">g {key}</span>}
      </a>
    </li>
  );
}
