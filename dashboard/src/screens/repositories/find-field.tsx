import { useEffect, useRef } from 'preact/hooks';
import { goTo } from '../../app/route.ts';
import { hrefOf, type Route } from '../../lib/route.ts';

/** Where a part of a name is typed. `/` comes here; Enter or the arrow goes to the first repository found. */
export function FindField({ route }: { route: Route }) {
  const field = useRef<HTMLInputElement>(null);
  // From another screen the key leads to an address with an empty `find`.
  const isAsked = route.query.has('find');
  useEffect(() => {
    if (isAsked) field.current?.focus();
  }, [isAsked]);
  const type = (text: string) => {
    const query = new URLSearchParams({ find: text });
    goTo(hrefOf(route.screen, '', query), true);
  };
  const leave = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowDown' && event.key !== 'Enter') return;
    event.preventDefault();
    document.querySelector<HTMLElement>('main [data-row-link]')?.focus();
  };
  return (
    <search class="filter">
      <div class="broad">
        <label for="find">Part of the name</label>
        <input
          {...{ id: 'find', type: 'search', spellcheck: false, autocomplete: 'off', autocapitalize: 'off' }}
          ref={field}
          placeholder="nginx, or ghcr.io/team/"
          value={route.query.get('find') ?? ''}
          onInput={(event) => type(event.currentTarget.value)}
          onKeyDown={leave}
        />
      </div>
    </search>
  );
}
