/** Pushes changes while a tool accepts some of them, and checks that the tool got them all, in order. */
import { expect } from 'vitest';
import { digest, publish } from '../../support/gateway.ts';
import type { SinkRequest, SinkScript } from '../../support/sink-server.ts';
import { changeIn } from '../../support/target-gateway.ts';
import { until } from '../../support/until.ts';

const tags = 40;
/** Pushes that the tool may be behind. */
const maxBehind = 60;

export class TargetStory {
  /** Digests, as the gateways acknowledged them. */
  readonly acknowledged: string[] = [];
  /** Digest and tag, as the tool accepted them. */
  readonly accepted: { readonly digest: string; readonly tag: string }[] = [];
  readonly #distinct = new Set<string>();
  #stopped = false;
  #running: Promise<void> | null = null;

  /** Accepts, except every `failing`th request; 0: accepts all. */
  script(failing: number): SinkScript {
    return (request, number) => {
      if (failing > 0 && number % failing === 0) return { status: 500 };
      this.#accept(request);
      return {};
    };
  }

  /** Different changes that the tool accepted. */
  get count(): number {
    return this.#distinct.size;
  }

  /** What came more than once. */
  get repeats(): number {
    return this.accepted.length - this.count;
  }

  /** Begins to push, to the port that is asked for each time. */
  start(repository: string, port: () => number): void {
    this.#running = this.#run(repository, port);
  }

  /** Waits until the tool has accepted so many more. */
  async untilMore(count: number): Promise<void> {
    const goal = this.count + count;
    await until(`${goal} accepted changes`, () => this.count >= goal, 60_000);
  }

  /** Pushes no more, and waits until the tool has all. */
  async end(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    await until('all to be accepted', () => this.count >= this.acknowledged.length, 120_000);
  }

  check(): void {
    expect(new Set(this.acknowledged)).toEqual(this.#distinct);
    for (let tag = 0; tag < tags; tag++) {
      const own = (each: string) => each.startsWith(`t${tag} `);
      const order = [
        ...new Set(this.accepted.filter((each) => each.tag === `t${tag}`).map((each) => each.digest)),
      ];
      const pushed = this.acknowledged.filter((each) => own(this.#names.get(each) ?? ''));
      expect(order).toEqual(pushed);
    }
  }

  readonly #names = new Map<string, string>();

  #accept(request: SinkRequest): void {
    const { data } = JSON.parse(request.body) as { data: { digest: string } };
    this.accepted.push({ digest: data.digest, tag: changeIn(request).tag });
    this.#distinct.add(data.digest);
  }

  async #run(repository: string, port: () => number): Promise<void> {
    for (let round = 0; !this.#stopped; round++) {
      const name = `t${round % tags} ${round}`;
      const entry = { reference: `${repository}:t${round % tags}`, digest: digest(name) };
      this.#names.set(entry.digest, name);
      await until(
        'a gateway to acknowledge',
        () =>
          publish(port(), [entry]).then(
            () => true,
            () => false,
          ),
        60_000,
      );
      this.acknowledged.push(entry.digest);
      await until('the tool to catch up', () => this.acknowledged.length - this.count < maxBehind, 60_000);
    }
  }
}
