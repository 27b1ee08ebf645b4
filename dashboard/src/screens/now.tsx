import { readStatus } from '../gateway/status.ts';
import { useQuestion } from '../gateway/use-question.ts';
import { freshnessOf } from '../parts/freshness.tsx';
import { ScreenHead } from '../parts/screen-head.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { NowFigures } from './now/figures.tsx';
import { Hooks } from './now/hooks.tsx';
import { Registries } from './now/registries.tsx';
import { Targets } from './now/targets.tsx';
import { verdictOf } from './now/verdict.ts';
import { Warnings } from './now/warnings.tsx';
import type { Screen } from './screen.ts';

/** Between two looks, ms. */
const everyMs = 5_000;

/** The first screen of operators: whether all is well, and if not, what to do. */
export const nowScreen: Screen = {
  ...{ name: 'now', title: 'Now', key: 'n', group: 'operators', isFirst: true },
  View: Now,
};

function Now() {
  const asked = useQuestion({ path: '/v1/status', everyMs }, readStatus);
  const { value, error, reload } = asked;
  if (value === null) {
    return (
      <>
        <ScreenHead title="Now" state={freshnessOf(asked)} />
        {error !== null && <Trouble error={error} reload={reload} />}
      </>
    );
  }
  return (
    <>
      <ScreenHead title={verdictOf(value)} lead={<Who {...value} />} state={freshnessOf(asked)} />
      <div class={error === null ? '' : 'dimmed'}>
        <Warnings warnings={value.warnings} />
        <NowFigures status={value} />
        <Registries {...value} more={value.moreRegistries} />
        <Hooks hooks={value.hooks} more={value.moreHooks} />
        <Targets targets={value.targets ?? []} more={value.moreTargets} />
      </div>
    </>
  );
}

/** These facts are of the one gateway that answered. */
function Who({ gateway, version }: { gateway: string; version: string }) {
  return (
    <>
      Gateway <strong>{gateway}</strong>, Manifeed {version}
    </>
  );
}
