import { countText } from '../lib/numbers.ts';
import type { Route } from '../lib/route.ts';
import { Empty } from '../parts/empty.tsx';
import { ScreenHead } from '../parts/screen-head.tsx';
import { Table } from '../parts/table.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { repositoryColumns } from './repositories/columns.tsx';
import { FindField } from './repositories/find-field.tsx';
import { useFound } from './repositories/use-found.ts';
import type { Screen } from './screen.ts';

/** The repositories that the gateway knows, found by a part of their name. */
export const repositoriesScreen: Screen = {
  ...{ name: 'repositories', title: 'Repositories', key: 'r', group: 'users' },
  View: Repositories,
};

function Repositories({ route }: { route: Route }) {
  const text = (route.query.get('find') ?? '').trim();
  const { found, error } = useFound(text);
  return (
    <>
      <ScreenHead title="Repositories" lead="Those that the gateway knows, and your token may see." />
      <FindField route={route} />
      {error !== null && <Trouble error={error} />}
      {found !== null && found.rows.length > 0 && (
        <Table
          caption="Repositories"
          columns={repositoryColumns}
          rows={found.rows}
          keyOf={({ registry, repository }) => `${registry}/${repository}`}
        />
      )}
      {found !== null && found.rows.length === 0 && <None text={text} />}
      {found?.isCut === true && (
        <p class="muted note">
          There are more: this shows the first {countText(found.rows.length)} of {countText(found.looked)}{' '}
          that were looked at. Type more of the name, or begin with the host: <code>ghcr.io/</code>
        </p>
      )}
    </>
  );
}

function None({ text }: { text: string }) {
  if (text !== '') {
    return (
      <Empty title="No repository has this in its name.">
        <p>The gateway knows a repository once a webhook tells of it, or once it is polled.</p>
      </Empty>
    );
  }
  return (
    <Empty title="No repository is known yet.">
      <p>
        The gateway learns of them by webhooks (setting <code>webhooks</code>), or by polling (settings{' '}
        <code>registries</code> and <code>watch</code>). A token sees those that its <code>repositories</code>{' '}
        name.
      </p>
    </Empty>
  );
}
