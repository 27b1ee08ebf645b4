/** Something that the gateway is asked to do: once, however often the button is pressed meanwhile. */
import { type ReadonlySignal, signal } from '@preact/signals';

export type ActionState<T> =
  | { readonly kind: 'idle' }
  | { readonly kind: 'asking' }
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: Error };

export class Action<T> {
  readonly #state = signal<ActionState<T>>({ kind: 'idle' });
  #isAsking = false;
  #isClosed = false;

  get state(): ReadonlySignal<ActionState<T>> {
    return this.#state;
  }

  /**
   * Does it, unless it is being done.
   *
   * @returns what came; null: nothing new, because it is being done, it failed, or nobody is there to see it
   */
  async run(ask: () => Promise<T>): Promise<T | null> {
    if (this.#isAsking || this.#isClosed) return null;
    this.#isAsking = true;
    this.#state.value = { kind: 'asking' };
    try {
      return this.#end({ kind: 'done', value: await ask() });
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      return this.#end({ kind: 'failed', error });
    } finally {
      this.#isAsking = false;
    }
  }

  /** The screen is left: what still comes is shown nowhere. What was asked for is done all the same. Idempotent. */
  close(): void {
    this.#isClosed = true;
  }

  #end(state: ActionState<T>): T | null {
    if (this.#isClosed) return null;
    this.#state.value = state;
    return state.kind === 'done' ? state.value : null;
  }
}
