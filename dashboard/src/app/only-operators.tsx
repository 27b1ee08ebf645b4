import type { Access } from '../gateway/access.ts';
import { session } from '../gateway/gateway.ts';
import { Empty } from '../parts/empty.tsx';
import { ScreenHead } from '../parts/screen-head.tsx';

/** Stands where a screen needs more than the token may do. */
export function OnlyOperators({ title, access }: { title: string; access: Access }) {
  return (
    <>
      <ScreenHead title={title} />
      {access.name === null ? (
        <Empty title="This screen is for operators.">
          <p>
            The gateway serves everyone, but tells operators' things only to a token with <code>admin</code>.
            It has such a token once its setting <code>access</code> lists one.
          </p>
        </Empty>
      ) : (
        <Empty title="Your token does not show this.">
          <p>
            This screen is for operators. The token <code>{access.name}</code> lacks <code>admin</code>: an
            operator adds <code>admin: true</code> to its entry in the setting <code>access</code>.
          </p>
          <button type="button" class="button" onClick={() => session.leave()}>
            Use another token
          </button>
        </Empty>
      )}
    </>
  );
}
