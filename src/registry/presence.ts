import type { Digest } from '../event/digest.ts';
import type { RepositoryName } from '../event/reference.ts';
import type { Manifests } from './manifests.ts';
import { refusalOf } from './refusal.ts';
import { newTally } from './tally.ts';
import type { Upstreams } from './upstream.ts';

/** What a registry said; or why not, and after how long the same question may be answered, ms. */
export type Presence = 'there' | 'gone' | { readonly retryAfterMs: number; readonly message: string };

/** Tells of digests whether their registry has them, for an answer about many. */
export class Presences {
  readonly #manifests: Pick<Manifests, 'look'>;
  readonly #upstreams: Pick<Upstreams, 'knows'>;

  constructor(manifests: Pick<Manifests, 'look'>, upstreams: Pick<Upstreams, 'knows'>) {
    this.#manifests = manifests;
    this.#upstreams = upstreams;
  }

  /** Whether the registry may ever be asked. */
  knows(registry: string): boolean {
    return this.#upstreams.knows(registry);
  }

  /** As the registry said at most `facade.maxAge` ago, whatever is known here. */
  async ask(of: RepositoryName, digest: Digest): Promise<Presence> {
    const answer = await this.#manifests.look(of, digest, newTally());
    if (answer.isAnswered) return answer.value.kind === 'gone' ? 'gone' : 'there';
    const { message } = refusalOf(answer, null);
    return { retryAfterMs: answer.retryAfterMs, message };
  }
}
