import { useState } from 'preact/hooks';
import { announce } from '../../app/announcer.tsx';
import { ask } from '../../gateway/gateway.ts';
import { type Pace, readPace } from '../../gateway/pace.ts';
import { Icon } from '../../parts/icon.tsx';
import { Section } from '../../parts/section.tsx';
import { explain } from '../../parts/trouble.tsx';

/** For how long, in seconds; null: until it is replaced. */
const lengths: readonly (readonly [words: string, seconds: number | null])[] = [
  ['10 minutes', 600],
  ['1 hour', 3_600],
  ['4 hours', 14_400],
  ['1 day', 86_400],
  ['until I end it', null],
];

interface PaceFormProps {
  readonly pace: Pace;
  readonly reload: () => void;
}

/** Changes R for a while (`PUT /v1/pace`). */
export function PaceForm({ pace, reload }: PaceFormProps) {
  const [rate, setRate] = useState('');
  const [repository, setRepository] = useState('');
  const [seconds, setSeconds] = useState('600');
  const [error, setError] = useState<string | null>(null);
  const [isAsking, setAsking] = useState(false);
  const change = async (event: SubmitEvent) => {
    event.preventDefault();
    if (isAsking) return;
    const body = {
      deliveriesPerSecond: Number(rate),
      ...(repository.trim() === '' ? {} : { repository: repository.trim() }),
      ...(seconds === '' ? {} : { forSeconds: Number(seconds) }),
    };
    setAsking(true);
    try {
      await ask({ path: '/v1/pace', method: 'PUT', body }, readPace);
      setError(null);
      setRate('');
      announce('The pace is changed');
    } catch (cause) {
      setError(cause instanceof Error ? explain(cause) : String(cause));
    }
    setAsking(false);
    reload();
  };
  return (
    <Section title="Change the pace for a while">
      <form class="filter" onSubmit={change}>
        <div>
          <label for="pace-rate">Deliveries a second</label>
          <input
            {...{ id: 'pace-rate', type: 'number', min: 0.01, max: 10_000_000, step: 'any', required: true }}
            placeholder={String(pace.configuredDeliveriesPerSecond)}
            value={rate}
            aria-describedby={error === null ? 'pace-help' : 'pace-help pace-error'}
            aria-invalid={error !== null}
            onInput={(event) => setRate(event.currentTarget.value)}
          />
        </div>
        <div class="broad">
          <label for="pace-repository">Repositories: a name or a glob; empty for all</label>
          <input
            {...{ id: 'pace-repository', type: 'text', spellcheck: false, autocomplete: 'off' }}
            {...{ autocapitalize: 'off', placeholder: 'all', value: repository }}
            onInput={(event) => setRepository(event.currentTarget.value)}
          />
        </div>
        <div>
          <label for="pace-length">For</label>
          <select
            id="pace-length"
            value={seconds}
            onChange={(event) => setSeconds(event.currentTarget.value)}
          >
            {lengths.map(([words, value]) => (
              <option key={words} value={value === null ? '' : String(value)}>
                {words}
              </option>
            ))}
          </select>
        </div>
        <button type="submit" class="button primary" disabled={isAsking}>
          {isAsking ? 'Asking the gateway' : 'Change the pace'}
        </button>
      </form>
      {error !== null && (
        <p id="pace-error" class="field-error" role="alert">
          <Icon name="critical" />
          {error}
        </p>
      )}
      <p id="pace-help" class="muted">
        A higher rate brings changes to subscribers sooner, and their pulls to the registry closer together.
        It holds for this gateway, <strong>{pace.gateway}</strong>, and replaces a rate that was set for the
        same repositories. When it ends, the rate rises to what is configured within 20 seconds.
      </p>
    </Section>
  );
}
