import { useEffect, useRef, useState } from 'preact/hooks';
import { session } from '../gateway/gateway.ts';
import { Icon } from '../parts/icon.tsx';
import { Wordmark } from './wordmark.tsx';

/** Asks for a token. It stays in this tab. @param isWrong the gateway does not know the one that it was given */
export function TokenForm({ isWrong }: { isWrong: boolean }) {
  const [isAsking, setAsking] = useState(false);
  const [token, setToken] = useState('');
  const field = useRef<HTMLInputElement>(null);
  // The form takes the place of what had the focus.
  useEffect(() => field.current?.focus(), []);
  const enter = async (event: SubmitEvent) => {
    event.preventDefault();
    const given = token.trim();
    if (given === '' || isAsking) return;
    setAsking(true);
    await session.enter(given);
    setAsking(false);
  };
  return (
    <main class="door">
      <Wordmark />
      <form onSubmit={enter}>
        <h1>This gateway asks for a token</h1>
        <label for="token">Token</label>
        <input
          {...{ id: 'token', type: 'password', autocomplete: 'off', spellcheck: false, required: true }}
          ref={field}
          value={token}
          aria-describedby={isWrong ? 'token-help token-error' : 'token-help'}
          aria-invalid={isWrong}
          onInput={(event) => setToken(event.currentTarget.value)}
        />
        {isWrong && (
          <p id="token-error" class="field-error" role="alert">
            <Icon name="critical" />
            The gateway does not know this token.
          </p>
        )}
        <button type="submit" class="button primary" disabled={isAsking}>
          {isAsking ? 'Asking the gateway' : 'Continue'}
        </button>
        <p id="token-help" class="muted">
          It stays in this tab, and is forgotten when you close it. The operator makes one with{' '}
          <code>manifeed token</code>.
        </p>
      </form>
    </main>
  );
}
