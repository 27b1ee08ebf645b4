import { useRef, useState } from 'preact/hooks';
import { announce } from '../../app/announcer.tsx';
import type { ActionState } from '../../gateway/action.ts';
import { ask } from '../../gateway/gateway.ts';
import { actionPath, readTest, type Target, type TestAnswer } from '../../gateway/targets.ts';
import { useAction } from '../../gateway/use-action.ts';
import { ActionButton } from '../../parts/action-button.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Breakable } from '../../parts/breakable.tsx';
import { CodeBlock } from '../../parts/code-block.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Section } from '../../parts/section.tsx';
import { explain } from '../../parts/trouble.tsx';
import { testFailure, verdictWords } from './words.ts';

/** Tries a target: first the request alone, then a marked test that is sent. */
export function TestForm({ target: { name, needsReference } }: { target: Target }) {
  const form = useRef<HTMLFormElement>(null);
  const [reference, setReference] = useState('');
  const test = useAction<TestAnswer>();
  const state = test.state.value;
  const isAsking = state.kind === 'asking';
  const run = async (dryRun: boolean) => {
    if (form.current?.reportValidity() !== true) return;
    const named = reference.trim() === '' ? {} : { reference: reference.trim() };
    const body = { ...named, dryRun };
    const answer = await test.run(() => ask({ path: actionPath(name, 'test'), body }, readTest));
    if (answer !== null) announce(saying(answer));
  };
  return (
    <Section title="Test">
      <form
        ref={form}
        class="filter"
        onSubmit={(event) => {
          event.preventDefault();
          void run(true);
        }}
      >
        <div class="broad">
          <label for="test-reference">
            {needsReference
              ? 'Reference: a known tag; the tool acts on it'
              : 'Reference: a known tag; empty for an invented one'}
          </label>
          <input
            {...{ id: 'test-reference', type: 'text', spellcheck: false, autocomplete: 'off' }}
            {...{ autocapitalize: 'off', placeholder: 'nginx:1.27', required: needsReference }}
            {...{ value: reference, maxLength: 1_000, 'aria-describedby': 'test-help' }}
            onInput={(event) => setReference(event.currentTarget.value)}
          />
        </div>
        <ActionButton {...{ isAsking, onPress: () => void run(true) }}>Show the request</ActionButton>
        <ActionButton {...{ isAsking, onPress: () => void run(false), look: 'primary' }}>
          Send the test
        </ActionButton>
      </form>
      <p id="test-help" class="muted">
        <em>Show the request</em> sends nothing. A test is marked as one where the tool can tell, and moves no
        position.
      </p>
      <TestOutcome state={state} />
    </Section>
  );
}

function saying({ verdict }: TestAnswer): string {
  if (verdict === null) return 'Nothing was sent. The request is shown.';
  const { word, meaning } = verdictWords(verdict.kind);
  return `${word}. ${meaning}`;
}

function TestOutcome({ state }: { state: ActionState<TestAnswer> }) {
  switch (state.kind) {
    case 'idle':
      return null;
    case 'asking':
      return <p class="outcome muted">Asking the gateway</p>;
    case 'failed': {
      const code = 'code' in state.error ? state.error.code : null;
      return (
        <p class="outcome bad" role="alert">
          <Icon name="critical" />
          {testFailure(code, explain(state.error))}
        </p>
      );
    }
    case 'done':
      return <Answered answer={state.value} />;
  }
}

function Answered({ answer: { request, verdict } }: { answer: TestAnswer }) {
  return (
    <div class="tested">
      {verdict !== null && <Verdict {...verdict} />}
      <p>
        {verdict === null && <strong>Nothing was sent. </strong>}
        {/* A kind that asks in turn may not have sent all of it. */}
        The request, with secrets as <code>***</code>:
      </p>
      <CodeBlock text={request} label="request" />
    </div>
  );
}

const icons = { good: 'ok', quiet: 'info', warning: 'warning', bad: 'critical' } as const;

function Verdict({ kind, why }: NonNullable<TestAnswer['verdict']>) {
  const { tone, word, meaning } = verdictWords(kind);
  return (
    <div>
      <p>
        <Badge {...{ tone, icon: icons[tone] }}>
          <strong>{word}.</strong>
        </Badge>{' '}
        {meaning}
      </p>
      {why !== null && (
        <p>
          <code>
            <Breakable text={why} />
          </code>
        </p>
      )}
    </div>
  );
}
