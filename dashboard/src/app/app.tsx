import type { Access } from '../gateway/access.ts';
import { session } from '../gateway/gateway.ts';
import { Announcer } from './announcer.tsx';
import { Incomplete } from './incomplete.tsx';
import { Opening } from './opening.tsx';
import { shellFile } from './shell-file.ts';
import { TokenForm } from './token-form.tsx';
import { Unreachable } from './unreachable.tsx';
import './theme.ts';

/** The page: the screens, or what stands in their way. */
export function App() {
  return (
    <>
      <Content />
      <Announcer />
    </>
  );
}

function Content() {
  const state = session.state.value;
  switch (state.kind) {
    case 'opening':
      return <Opening />;
    case 'token-needed':
      return <TokenForm isWrong={state.isWrong} />;
    case 'unreachable':
      return <Unreachable why={state.why} untilMs={state.untilMs} />;
    case 'open':
      return <Open access={state.access} />;
  }
}

function Open({ access }: { access: Access }) {
  const Shell = shellFile.value;
  if (Shell === null) return <Opening />;
  if (Shell instanceof Error) return <Incomplete />;
  return <Shell access={access} />;
}
