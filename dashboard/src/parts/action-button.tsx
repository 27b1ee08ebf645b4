import type { ComponentChildren } from 'preact';

export interface ActionButtonProps {
  /** It is being done: the button says so, and keeps the focus. */
  readonly isAsking: boolean;
  readonly onPress: () => void;
  /** Its look: `primary`, `quiet`. */
  readonly look?: string;
  /** What it does, for those who do not see where it stands. */
  readonly label?: string;
  readonly children: ComponentChildren;
}

/**
 * A button that asks the gateway for something. The second click of a double click, and a key that is held, do nothing:
 * the first may have turned the button into its opposite.
 */
export function ActionButton({ isAsking, onPress, look = '', label, children }: ActionButtonProps) {
  return (
    <button
      type="button"
      class={`button ${look}`}
      // A disabled button would lose the focus.
      aria-disabled={isAsking}
      {...(label === undefined ? {} : { 'aria-label': label })}
      onKeyDown={(event) => {
        if (event.repeat) event.preventDefault();
      }}
      onClick={(event) => {
        if (!isAsking && event.detail <= 1) onPress();
      }}
    >
      {children}
    </button>
  );
}
