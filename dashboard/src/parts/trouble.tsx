import { isUnauthorized } from '../gateway/gateway.ts';
import { escapedLine } from '../lib/escaped.ts';
import { Icon } from './icon.tsx';

/** Why a question was not answered. @param reload asks again; absent: that is no use */
export function Trouble({ error, reload }: { error: Error; reload?: () => void }) {
  // The form for the token takes the place of the screen.
  if (isUnauthorized(error)) return null;
  return (
    <div class="trouble" role="alert">
      <Icon name="warning" />
      <p>{explain(error)}</p>
      {reload !== undefined && !isDenied(error) && (
        <button type="button" class="button" onClick={reload}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Whether the token may not see what was asked for: another question gets the same answer. */
export function isDenied(error: Error): boolean {
  return 'code' in error && error.code === 'DENIED';
}

/** What an error means to the reader: one line. It may quote what was asked for. */
export function explain(error: Error): string {
  const code = 'code' in error ? error.code : null;
  if (code === 'NETWORK' || code === 'TIMEOUT') return 'The gateway does not answer.';
  if (isDenied(error)) return 'Your token may not see this. Ask the operator for one that may.';
  // The message begins with what was asked, and the code: the reader knows the one, and has no use for the other.
  const said = error.message.split(`${code}: `);
  return escapedLine(said.slice(1).join(`${code}: `) || error.message);
}
