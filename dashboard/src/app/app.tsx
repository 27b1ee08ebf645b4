import { session } from '../gateway/gateway.ts';
import { Announcer } from './announcer.tsx';
import { Shell } from './shell.tsx';
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
      return null;
    case 'token-needed':
      return <TokenForm isWrong={state.isWrong} />;
    case 'unreachable':
      return <Unreachable why={state.why} untilMs={state.untilMs} />;
    case 'open':
      return <Shell access={state.access} />;
  }
}
