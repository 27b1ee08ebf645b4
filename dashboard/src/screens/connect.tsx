import { gatewayUrl, session } from '../gateway/gateway.ts';
import { filterOf, isEmptyFilter, queryOf } from '../lib/change-filter.ts';
import { hrefOf, type Route } from '../lib/route.ts';
import { snippetsOf } from '../lib/snippets.ts';
import { CodeBlock } from '../parts/code-block.tsx';
import { ScreenHead } from '../parts/screen-head.tsx';
import { ChangeFilterForm } from './changes/filter-form.tsx';
import type { Screen } from './screen.ts';

/** How a program subscribes to what the filter lets through. */
export const connectScreen: Screen = {
  ...{ name: 'connect', title: 'Connect', key: 'o', group: 'users' },
  View: Connect,
};

function Connect({ route }: { route: Route }) {
  const filter = filterOf(route.query);
  const state = session.state.value;
  const needsToken = state.kind === 'open' && state.access.name !== null;
  const everything = isEmptyFilter(filter)
    ? 'everything that your token may see'
    : 'what this filter lets through';
  return (
    <>
      <ScreenHead title="Connect" lead={`Subscribe to ${everything}.`}>
        <a class="button" href={hrefOf('changes', '', queryOf(filter))}>
          Watch it here
        </a>
      </ScreenHead>
      <ChangeFilterForm route={route} filter={filter} />
      {snippetsOf({ url: gatewayUrl, filter, needsToken }).map(({ name, use, text }) => (
        <section key={name} class="snippet">
          <div>
            <h2>{name}</h2>
            <p class="muted">{use}</p>
          </div>
          <CodeBlock text={text} label={`${name} snippet`} />
        </section>
      ))}
      {needsToken && (
        <p class="muted note">
          None of these contains your token. Put it into the environment as <code>MANIFEED_TOKEN</code>.
        </p>
      )}
    </>
  );
}
