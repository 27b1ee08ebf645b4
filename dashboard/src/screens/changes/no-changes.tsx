import { gatewayUrl, session } from '../../gateway/gateway.ts';
import { readHooks } from '../../gateway/hooks.ts';
import { useQuestion } from '../../gateway/use-question.ts';
import { publishCommand } from '../../lib/publish-hook.ts';
import { CodeBlock } from '../../parts/code-block.tsx';
import { Empty } from '../../parts/empty.tsx';

/** Nothing is there yet: what to do so that something comes. */
export function NoChanges({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <Empty title="No change that is kept matches.">
        <p>One that comes later appears here by itself.</p>
      </Empty>
    );
  }
  return (
    <Empty title="No change yet.">
      <p>
        The gateway hears of changes from the webhooks of registries, from polling, and from scripts. To see
        one now, publish it:
      </p>
      <HowToPublish />
    </Empty>
  );
}

function HowToPublish() {
  const state = session.state.value;
  const isOperator = state.kind === 'open' && state.access.admin;
  const { value } = useQuestion({ path: isOperator ? '/v1/hooks' : null }, readHooks);
  const hook = value?.hooks.find(({ kind }) => kind === 'manifeed');
  if (isOperator && value !== null && hook === undefined) {
    return (
      <p>
        This gateway has no hook for scripts. One of kind <code>manifeed</code> in the setting{' '}
        <code>webhooks</code> makes it.
      </p>
    );
  }
  return (
    <>
      <CodeBlock
        text={publishCommand(gatewayUrl, hook?.url ?? '/v1/hooks/publish')}
        label="publish command"
      />
      <p class="muted">
        <code>HOOK_TOKEN</code> has the token of the hook. A hook without one needs no header.
      </p>
    </>
  );
}
