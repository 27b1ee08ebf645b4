import { Copy } from './copy.tsx';

/** Lines to copy. Long ones wrap, so that nothing has to be scrolled. @param label what they are: `curl command` */
export function CodeBlock({ text, label }: { text: string; label: string }) {
  return (
    <div class="code-block">
      <pre>
        <code>{text}</code>
      </pre>
      <Copy text={text} label={label} />
    </div>
  );
}
