import { Icon } from '../parts/icon.tsx';
import { setTheme, theme, themes } from './theme.ts';

const names = { system: 'As the system', light: 'Light', dark: 'Dark' } as const;

/** Chooses between the system's theme, light and dark. */
export function ThemeSwitch() {
  return (
    <fieldset class="theme-switch">
      <legend class="off-screen">Theme</legend>
      {themes.map((each) => (
        <label key={each} title={names[each]}>
          <input
            {...{ type: 'radio', name: 'theme', class: 'off-screen', checked: theme.value === each }}
            onChange={() => setTheme(each)}
          />
          <Icon name={each} />
          <span class="off-screen">{names[each]}</span>
        </label>
      ))}
    </fieldset>
  );
}
