import { readRepositories, readTags, type TagRow } from '../gateway/index-answers.ts';
import { useQuestion } from '../gateway/use-question.ts';
import { mediaTypeText } from '../lib/media-type.ts';
import { countOf } from '../lib/numbers.ts';
import { parseRepository, type RepositoryName, repositoryText } from '../lib/reference.ts';
import { hrefOf, type Route } from '../lib/route.ts';
import { Copy } from '../parts/copy.tsx';
import { Digest } from '../parts/digest.tsx';
import { Empty } from '../parts/empty.tsx';
import { freshnessOf } from '../parts/freshness.tsx';
import { Pages } from '../parts/pages.tsx';
import { ReferenceText, tagHref } from '../parts/reference.tsx';
import { RowLink } from '../parts/row-link.tsx';
import { ScreenHead } from '../parts/screen-head.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { RelativeTime } from '../parts/time.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { orderOf, TagFilter } from './repository/tag-filter.tsx';
import type { Screen } from './screen.ts';

/** Between two looks, ms. */
const everyMs = 15_000;

/** The tags of one repository, and what each points at. */
export const repositoryScreen: Screen = {
  ...{ name: 'repository', title: 'Repository', key: null, group: null },
  View: Repository,
};

function Repository({ route }: { route: Route }) {
  const name = parseRepository(route.rest);
  if (name !== null) return <Known name={name} route={route} />;
  return (
    <>
      <ScreenHead title="No repository" />
      <Empty title={`“${route.rest}” names no repository.`}>
        <p>
          A name begins with its host: <code>docker.io/library/nginx</code>. Press <kbd>/</kbd> to{' '}
          <a href={hrefOf('repositories')}>find one</a>.
        </p>
      </Empty>
    </>
  );
}

const columns: readonly Column<TagRow>[] = [
  {
    head: 'Tag',
    kind: 'name',
    cell: (row) => <RowLink href={tagHref(row, row.tag)}>{row.tag}</RowLink>,
  },
  {
    head: 'Points at',
    width: 11,
    cell: (row) => <Digest value={row.digest} of={repositoryText(row)} />,
  },
  { head: 'Since', width: 8, cell: ({ updatedAt }) => <RelativeTime at={updatedAt} /> },
  { head: 'Kind', width: 12, from: 'medium', cell: ({ mediaType }) => mediaTypeText(mediaType) },
  {
    head: 'First seen',
    width: 8,
    from: 'wide',
    cell: ({ firstSeenAt }) => <RelativeTime at={firstSeenAt} />,
  },
];

function Known({ name, route }: { name: RepositoryName; route: Route }) {
  const repository = repositoryText(name);
  const query = new URLSearchParams({ repository, ...orderOf(route.query) });
  for (const each of ['tag', 'cursor']) {
    const value = route.query.get(each);
    if (value !== null) query.set(each, value);
  }
  const asked = useQuestion({ path: '/v1/tags', query: query.toString(), everyMs }, readTags);
  const { value, error, reload } = asked;
  const follow = new URLSearchParams({ repository });
  return (
    <>
      <ScreenHead title={<ReferenceText of={name} />} lead={<About name={name} />} state={freshnessOf(asked)}>
        <Copy text={repository} label="name of the repository">
          Copy name
        </Copy>
        <div class="actions">
          <a class="button" href={hrefOf('changes', '', follow)}>
            Changes
          </a>
          <a class="button" href={hrefOf('connect', '', follow)}>
            Connect
          </a>
        </div>
      </ScreenHead>
      <TagFilter route={route} />
      {error !== null && <Trouble error={error} reload={reload} />}
      {value !== null && (
        <div class={error === null ? '' : 'dimmed'}>
          {value.tags.length === 0 ? (
            <NoTags isFiltered={route.query.has('tag')} />
          ) : (
            <Table
              caption={`Tags of ${repository}`}
              columns={columns}
              rows={value.tags}
              keyOf={({ tag }) => tag}
            />
          )}
          <Pages
            {...{ route, parameter: 'cursor', next: value.next }}
            words={{ first: 'First tags', next: 'More tags' }}
          />
        </div>
      )}
    </>
  );
}

function NoTags({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) return <Empty title="No tag matches." />;
  return (
    <Empty title="The gateway knows no tag here.">
      <p>
        It learns of tags by webhooks, or by polling: the setting <code>watch</code> names what it polls.
      </p>
    </Empty>
  );
}

/** How well the gateway knows the repository. */
function About({ name }: { name: RepositoryName }) {
  const query = new URLSearchParams({ prefix: repositoryText(name), n: '1' }).toString();
  const { value } = useQuestion({ path: '/v1/repositories', query, everyMs: null }, readRepositories);
  const row = value?.repositories[0];
  if (row === undefined || repositoryText(row) !== repositoryText(name)) return <>&nbsp;</>;
  return (
    <>
      {countOf(row.tags, 'tag')}, {row.polled ? 'polled' : 'known by webhooks only'}
      {row.listed === null ? '; there may be tags that no webhook reported' : '; the list is complete, read '}
      {row.listed !== null && <RelativeTime at={row.listed.readAt} />}
    </>
  );
}
