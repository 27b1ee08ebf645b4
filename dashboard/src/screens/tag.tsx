import { type ChangeRow, readChanges, readTags, type TagRow } from '../gateway/index-answers.ts';
import { useQuestion } from '../gateway/use-question.ts';
import { parseTag, repositoryText, type TagName } from '../lib/reference.ts';
import { hrefOf, type Route } from '../lib/route.ts';
import { Empty } from '../parts/empty.tsx';
import { freshnessOf } from '../parts/freshness.tsx';
import { ReferenceText, repositoryHref } from '../parts/reference.tsx';
import { ScreenHead } from '../parts/screen-head.tsx';
import { Trouble } from '../parts/trouble.tsx';
import type { Screen } from './screen.ts';
import { History } from './tag/history.tsx';
import { PointsAt } from './tag/points-at.tsx';

/** Between two looks, ms. */
const everyMs = 10_000;

/** One tag: what it points at, since when, and what it pointed at before. */
export const tagScreen: Screen = { name: 'tag', title: 'Tag', key: null, group: null, View: Tag };

function Tag({ route }: { route: Route }) {
  const name = parseTag(route.rest);
  if (name !== null) return <Known name={name} route={route} />;
  return (
    <>
      <ScreenHead title="No tag" />
      <Empty title={`“${route.rest}” names no tag.`}>
        <p>
          It needs host, name and tag: <code>docker.io/library/nginx:1.27</code>.
        </p>
      </Empty>
    </>
  );
}

function Known({ name, route }: { name: TagName; route: Route }) {
  const repository = repositoryText(name);
  const filter = new URLSearchParams({ repository, tag: name.tag });
  const before = route.query.get('before');
  const past = new URLSearchParams({ ...Object.fromEntries(filter), n: '50', ...(before && { before }) });
  const tags = useQuestion({ path: '/v1/tags', query: filter.toString(), everyMs }, readTags);
  const history = useQuestion({ path: '/v1/changes', query: past.toString(), everyMs }, readChanges);
  const row = tags.value?.tags[0];
  const last = before === null ? history.value?.changes[0] : undefined;
  const error = tags.error ?? history.error;
  return (
    <>
      <ScreenHead
        title={<ReferenceText of={name} tag={name.tag} />}
        lead={<a href={repositoryHref(name)}>All tags of the repository</a>}
        state={freshnessOf(tags)}
      >
        <div class="actions">
          <a class="button" href={hrefOf('changes', '', filter)}>
            Changes
          </a>
          <a class="button" href={hrefOf('connect', '', filter)}>
            Connect
          </a>
        </div>
      </ScreenHead>
      {error !== null && (
        <Trouble
          error={error}
          reload={() => {
            tags.reload();
            history.reload();
          }}
        />
      )}
      <div class={error === null ? '' : 'dimmed'}>
        {row !== undefined && <PointsAt row={row} platforms={platformsOf(row, last)} />}
        {tags.value !== null && row === undefined && <Gone last={last} />}
        {history.value !== null && <History answer={history.value} route={route} />}
      </div>
    </>
  );
}

/** The platforms of what the tag points at now, if the change that brought it names them. */
function platformsOf(row: TagRow, last: ChangeRow | undefined): ChangeRow['platforms'] {
  return last !== undefined && last.digest === row.digest ? last.platforms : null;
}

function Gone({ last }: { last: ChangeRow | undefined }) {
  if (last?.type === 'tag.deleted') {
    return (
      <Empty title="The tag was deleted.">
        <p>The history below says when, and what it pointed at.</p>
      </Empty>
    );
  }
  return (
    <Empty title="The gateway knows no such tag.">
      <p>It may exist in the registry, but no webhook told of it, and nothing polls it.</p>
    </Empty>
  );
}
