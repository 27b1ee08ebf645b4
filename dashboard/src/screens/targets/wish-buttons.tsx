import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Target } from '../../gateway/targets.ts';
import { ActionButton } from '../../parts/action-button.tsx';
import { Icon } from '../../parts/icon.tsx';
import { isSkippable, skipText } from './wish-words.ts';
import type { Wishes } from './wishes.ts';

interface TargetWishProps {
  readonly target: Target;
  readonly wishes: Wishes;
}

/** What can be done at once: to try what failed, and to pause or resume. */
export function WishButtons({ target, wishes }: TargetWishProps) {
  return (
    <>
      {target.state === 'retrying' && <TryNow {...{ target, wishes }} />}
      <PauseOrResume {...{ target, wishes }} />
    </>
  );
}

/** Tries what failed without waiting for the next attempt. It goes with the state, and leaves the focus to its neighbour. */
function TryNow({ target, wishes }: TargetWishProps) {
  const place = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    const { current } = place;
    return () => {
      if (current?.contains(document.activeElement) !== true) return;
      current.parentElement?.querySelector<HTMLElement>(':scope > .button')?.focus();
    };
  }, []);
  return (
    <span ref={place}>
      <ActionButton
        {...{ isAsking: isAskingOf(target, wishes), label: `Try now ${target.name}` }}
        onPress={() => void wishes.run(target, 'retry')}
      >
        Try now
      </ActionButton>
    </span>
  );
}

function isAskingOf({ name }: Target, wishes: Wishes): boolean {
  return wishes.of(name).state.value.kind === 'asking';
}

/** Pauses a target, or resumes it if it sends nothing. */
function PauseOrResume({ target, wishes }: TargetWishProps) {
  const { name, state } = target;
  const isHalted = state === 'paused' || state === 'disabled';
  const isAsking = isAskingOf(target, wishes);
  return (
    <ActionButton
      {...{ isAsking, label: `${isHalted ? 'Resume' : 'Pause'} ${name}` }}
      onPress={() => void wishes.run(target, isHalted ? 'resume' : 'pause')}
    >
      {isHalted ? 'Resume' : 'Pause'}
    </ActionButton>
  );
}

/** Gives up what waits, after a question. */
export function Skip({ target, wishes }: TargetWishProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const isAsking = isAskingOf(target, wishes);
  const hasEffect = isSkippable(target);
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
          <p id="skip-text">
            {skipText(target)} {hasEffect && 'This cannot be undone.'}
          </p>
          <div class="actions">
            <button type="submit" class="button">
              {hasEffect ? 'Cancel' : 'Close'}
            </button>
            {hasEffect && (
              <button
                {...{ type: 'submit', value: 'skip', class: 'button primary' }}
                onClick={(event) => {
                  // The second click of a double click on the button that opened this.
                  if (event.detail > 1) event.preventDefault();
                }}
              >
                Skip
              </button>
            )}
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
