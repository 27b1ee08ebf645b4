import { useState } from 'preact/hooks';
import { announce } from '../../app/announcer.tsx';
import { ask } from '../../gateway/gateway.ts';
import { type Pace, type PaceOverride, readPace } from '../../gateway/pace.ts';
import { countText } from '../../lib/numbers.ts';
import { lengthOf } from '../../lib/time-words.ts';
import { Empty } from '../../parts/empty.tsx';
import { Section } from '../../parts/section.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Trouble } from '../../parts/trouble.tsx';

interface OverridesProps {
  readonly pace: Pace;
  readonly reload: () => void;
}

/** What `PUT /v1/pace` has put in place of the configuration: until when, and how to end it. */
export function Overrides({ pace, reload }: OverridesProps) {
  const [error, setError] = useState<Error | null>(null);
  const { overrides, configuredDeliveriesPerSecond, gateway } = pace;
  const end = async ({ pattern }: PaceOverride) => {
    // For one second what is configured: then nothing of it is left.
    const body = { deliveriesPerSecond: configuredDeliveriesPerSecond, forSeconds: 1 };
    const of = pattern === null ? {} : { repository: pattern };
    try {
      await ask({ path: '/v1/pace', method: 'PUT', body: { ...body, ...of } }, readPace);
      setError(null);
      announce('Ended');
    } catch (cause) {
      setError(cause instanceof Error ? cause : new Error(String(cause)));
    }
    reload();
  };
  return (
    <Section title="In place of the configuration">
      {error !== null && <Trouble error={error} />}
      {overrides.length === 0 ? (
        <Empty title="Nothing: the configured pace is in force." />
      ) : (
        <Table
          caption={`Rates that were set on gateway ${gateway}, the newest first`}
          columns={columnsOf(end)}
          rows={overrides}
          keyOf={({ pattern }) => pattern ?? ''}
        />
      )}
    </Section>
  );
}

function columnsOf(end: (override: PaceOverride) => Promise<void>): readonly Column<PaceOverride>[] {
  return [
    { head: 'Repositories', kind: 'name', width: 20, cell: ({ pattern }) => pattern ?? 'all' },
    {
      head: 'Deliveries a second',
      kind: 'number',
      width: 10,
      cell: ({ deliveriesPerSecond }) => countText(deliveriesPerSecond),
    },
    { head: 'Lasts', kind: 'grow', cell: ({ forMs }) => lasts(forMs) },
    {
      head: 'End it',
      width: 7,
      cell: (override) =>
        override.forMs === 0 ? null : (
          <button
            type="button"
            class="button"
            aria-label={`End now: the rate of ${override.pattern ?? 'all repositories'}`}
            onClick={() => void end(override)}
          >
            End now
          </button>
        ),
    },
  ];
}

function lasts(forMs: number | null): string {
  if (forMs === null) return 'until it is replaced or ended, or the gateway is started again';
  return forMs === 0 ? 'over: the rate rises to what is configured' : `another ${lengthOf(forMs)}`;
}
