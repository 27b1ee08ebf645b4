import { useRef } from 'preact/hooks';
import type { Target } from '../../gateway/targets.ts';
import { ActionButton } from '../../parts/action-button.tsx';
import { Icon } from '../../parts/icon.tsx';
import type { Wishes } from './wishes.ts';
import { skipText } from './words.ts';

interface TargetWishProps {
  readonly target: Target;
  readonly wishes: Wishes;
}

/** Pauses a target, or resumes it if it sends nothing. @param look of the button that pauses */
export function PauseOrResume({ target, wishes, look = '' }: TargetWishProps & { look?: string }) {
  const { name, state } = target;
  const isHalted = state === 'paused' || state === 'disabled';
  const isAsking = wishes.of(name).state.value.kind === 'asking';
  return (
    <ActionButton
      {...{ isAsking, look: isHalted ? '' : look, label: `${isHalted ? 'Resume' : 'Pause'} ${name}` }}
      onPress={() => void wishes.run(target, isHalted ? 'resume' : 'pause')}
    >
      {isHalted ? 'Resume' : 'Pause'}
    </ActionButton>
  );
}

/** Gives up what waits, after a question. */
export function Skip({ target, wishes }: TargetWishProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const isAsking = wishes.of(target.name).state.value.kind === 'asking';
  const close = () => {
    if (dialog.current?.returnValue === 'skip') void wishes.run(target, 'skip');
  };
  const open = () => {
    if (dialog.current === null) return;
    dialog.current.returnValue = '';
    dialog.current.showModal();
  };
  return (
    <>
      <ActionButton {...{ isAsking, onPress: open }}>Skip…</ActionButton>
      <dialog ref={dialog} aria-labelledby="skip-title" aria-describedby="skip-text" onClose={close}>
        <form method="dialog" class="question">
          <h2 id="skip-title">Skip what {target.name} has not sent?</h2>
          <p id="skip-text">{skipText(target)} This cannot be undone.</p>
          <div class="actions">
            <button type="submit" class="button">
              Cancel
            </button>
            <button
              {...{ type: 'submit', value: 'skip', class: 'button primary' }}
              onClick={(event) => {
                // The second click of a double click on the button that opened this.
                if (event.detail > 1) event.preventDefault();
              }}
            >
              Skip
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}

/** What became of what was wished last of a target; nothing before. */
export function WishOutcomeText({ name, wishes }: { name: string; wishes: Wishes }) {
  const state = wishes.of(name).state.value;
  if (state.kind === 'asking') return <p class="outcome muted">Asking the gateway</p>;
  if (state.kind !== 'done') return null;
  const { isDone, text } = state.value;
  return (
    <p class={`outcome ${isDone ? '' : 'bad'}`} {...(isDone ? {} : { role: 'alert' as const })}>
      <Icon name={isDone ? 'ok' : 'critical'} />
      {text}
    </p>
  );
}
