/**
 * Moves tags in a registry that the gateways poll, and tells them of it in time, late, without a time, or not at
 * all. Whatever they are told, in the end they must have what the registry has.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../../src/lib/random.ts';
import type { FakeRegistry } from '../../support/fake-registry.ts';
import { post } from './post.ts';
import { registryEvent } from './senders.ts';

export interface MoverOptions {
  readonly registry: FakeRegistry;
  /** Each has a tag `latest`. */
  readonly repositories: readonly string[];
  readonly port: number;
  readonly random: Random;
}

const tag = 'latest';
const everyMs = 400;
/** Late deliveries come after a later look at the tag. */
const lateMs = 2_500;

export class ChaosMover {
  moves = 0;
  readonly #options: MoverOptions;
  readonly #telling = new Set<Promise<unknown>>();
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: MoverOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Resolves when the last delivery is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    await Promise.all(this.#telling);
  }

  /** What the registry has, by `<host>/<name>`. */
  truth(): Map<string, string | null> {
    const { registry, repositories } = this.#options;
    return new Map(
      repositories.map((name) => [`${registry.host}/${name}`, registry.digestOf(name, tag)] as const),
    );
  }

  async #run(): Promise<void> {
    const { registry, repositories, random } = this.#options;
    while (!this.#stopped) {
      const repository = repositories[Math.floor(random() * repositories.length)] ?? '';
      const { digest } = registry.push(repository, tag, `move ${this.moves++}`);
      const telling = this.#tell(repository, digest, Date.now(), random());
      this.#telling.add(telling);
      void telling.then(() => this.#telling.delete(telling));
      await sleep(everyMs);
    }
  }

  async #tell(repository: string, digest: string, movedAt: number, how: number): Promise<void> {
    const { registry, port } = this.#options;
    if (how < 0.25) return;
    if (how > 0.75) await sleep(lateMs);
    const reference = `${registry.host}/${repository}:${tag}`;
    if (how < 0.5) await post(port, '/v1/hooks/publish', JSON.stringify([{ reference }]));
    else
      await post(port, '/v1/hooks/registry', registryEvent(registry.host, repository, tag, digest, movedAt));
  }
}
