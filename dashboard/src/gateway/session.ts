/** Who this page is to the gateway: its token, and what that may do. */
import { type ReadonlySignal, signal } from '@preact/signals';
import { type Clock, FeedError, type Question } from '../../../client/src/index.ts';
import { type Access, readAccess } from './access.ts';
import { retryMsOf } from './retry.ts';

export type SessionState =
  /** The gateway was not asked yet. */
  | { readonly kind: 'opening' }
  /** The form is shown. `isWrong`: the gateway does not know the token that it was given. */
  | { readonly kind: 'token-needed'; readonly isWrong: boolean }
  | { readonly kind: 'open'; readonly access: Access }
  /** `untilMs`: when it is asked again, since the epoch. */
  | { readonly kind: 'unreachable'; readonly why: string; readonly untilMs: number };

/** As much of sessionStorage as is needed. The token lives as long as the tab, and goes into no other one. */
export interface TokenStorage {
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
  removeItem(name: string): void;
}

export interface SessionParts {
  /** Asks the gateway with this token. Rejects with a FeedError. */
  readonly ask: (question: Question, token: string | null) => Promise<unknown>;
  /** Null: the browser allows no storage; the token is then forgotten at a reload. */
  readonly storage: TokenStorage | null;
  readonly clock: Clock;
}

const storedAs = 'manifeed.token';

export class Session {
  readonly #parts: SessionParts;
  readonly #state = signal<SessionState>({ kind: 'opening' });
  #token: string | null;
  /** Counts attempts: the answer to an old one is not heard any more. */
  #attempt = 0;
  #failures = 0;
  #cancel = () => {};

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#token = parts.storage?.getItem(storedAs) ?? null;
  }

  get state(): ReadonlySignal<SessionState> {
    return this.#state;
  }

  /** Null: none was given. */
  get token(): string | null {
    return this.#token;
  }

  /** Asks what the token may do. It is tried again until the gateway answers. */
  async open(): Promise<void> {
    this.#cancel();
    const attempt = ++this.#attempt;
    const token = this.#token;
    const state = await this.#ask(token);
    if (attempt !== this.#attempt) return;
    this.#state.value = state;
    if (state.kind === 'unreachable') {
      this.#cancel = this.#parts.clock.after(state.untilMs - this.#parts.clock.now(), () => void this.open());
    }
  }

  /** Takes a token from the form. */
  async enter(token: string): Promise<void> {
    this.#token = token;
    this.#parts.storage?.setItem(storedAs, token);
    await this.open();
  }

  /** Forgets the token, and shows the form. */
  leave(): void {
    this.#forget(false);
  }

  /** The gateway refused the token in another answer: it was revoked, or the gateway has begun to ask for one. */
  refused(): void {
    if (this.#state.value.kind === 'open') this.#forget(this.#token !== null);
  }

  #forget(isWrong: boolean): void {
    this.#attempt++;
    this.#cancel();
    this.#token = null;
    this.#parts.storage?.removeItem(storedAs);
    this.#state.value = { kind: 'token-needed', isWrong };
  }

  async #ask(token: string | null): Promise<SessionState> {
    try {
      const access = readAccess(await this.#parts.ask({ path: '/v1/access' }, token), 'access');
      this.#failures = 0;
      return { kind: 'open', access };
    } catch (error) {
      if (error instanceof FeedError && error.code === 'UNAUTHORIZED') {
        return { kind: 'token-needed', isWrong: token !== null };
      }
      const wait = retryMsOf(error, this.#failures++);
      const why = error instanceof Error ? error.message : String(error);
      return { kind: 'unreachable', why, untilMs: this.#parts.clock.now() + wait };
    }
  }
}
