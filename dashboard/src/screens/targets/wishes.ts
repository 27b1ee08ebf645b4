import { useEffect, useState } from 'preact/hooks';
import { announce } from '../../app/announcer.tsx';
import { Action } from '../../gateway/action.ts';
import { ask } from '../../gateway/gateway.ts';
import { actionPath, readTarget, type Target } from '../../gateway/targets.ts';
import { explain } from '../../parts/trouble.tsx';
import { doneText, notDoneText, type Wish } from './wish-words.ts';

/** What became of a wish, in words. */
export interface WishOutcome {
  readonly isDone: boolean;
  readonly text: string;
}

/** What is wished of the targets on this screen: of each one thing at a time. */
export class Wishes {
  readonly #actions = new Map<string, Action<WishOutcome>>();
  /** Asks for the targets anew. */
  reload: () => void = () => {};

  /** What is being done with a target, or was done last. */
  of(name: string): Action<WishOutcome> {
    const known = this.#actions.get(name);
    if (known !== undefined) return known;
    const action = new Action<WishOutcome>();
    this.#actions.set(name, action);
    return action;
  }

  async run({ name }: Pick<Target, 'name'>, wish: Wish): Promise<void> {
    const outcome = await this.of(name).run(() => outcomeOf(name, wish));
    if (outcome === null) return;
    // What failed is an alert by itself.
    if (outcome.isDone) announce(`${name}: ${outcome.text}`);
    this.reload();
  }

  close(): void {
    for (const action of this.#actions.values()) action.close();
  }
}

async function outcomeOf(name: string, wish: Wish): Promise<WishOutcome> {
  try {
    const action = wish === 'retry' ? 'resume' : wish;
    const after = await ask({ path: actionPath(name, action), body: {} }, readTarget);
    return { isDone: true, text: doneText(wish, after) };
  } catch (cause) {
    return {
      isDone: false,
      text: notDoneText(wish, cause instanceof Error ? explain(cause) : String(cause)),
    };
  }
}

/** Wishes that live as long as the component is shown. @param reload asks for the targets anew */
export function useWishes(reload: () => void): Wishes {
  const [wishes] = useState(() => new Wishes());
  wishes.reload = reload;
  useEffect(() => () => wishes.close(), [wishes]);
  return wishes;
}
