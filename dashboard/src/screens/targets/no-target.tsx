import { docsUrl } from '../../lib/docs-url.ts';
import { CodeBlock } from '../../parts/code-block.tsx';
import { Empty } from '../../parts/empty.tsx';
import { example } from './example.ts';

/** No target is configured: what one is, and how one begins. */
export function NoTarget() {
  return (
    <Empty title="No target is configured.">
      <p>
        A target is a tool that the gateway triggers when an image changes: an update tool, a pipeline, a
        script, a chat. The tool stays as it is. It begins at the newest change, and misses none from then on.
        In the configuration:
      </p>
      <CodeBlock text={example} label="example of a target" />
      <p>
        <a href={docsUrl('docs/targets.md')} target="_blank" rel="noreferrer">
          Which tools there are, with a recipe for each
        </a>
      </p>
    </Empty>
  );
}
