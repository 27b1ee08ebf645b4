/** A gateway with targets, and the tools that they trigger. */
import type { Random } from '../../src/lib/random.ts';
import { digest, type Gateway, type Settings, startGateway } from './gateway.ts';
import { type SinkRequest, type SinkScript, SinkServer } from './sink-server.ts';

export const webhookSecret = `whsec_${Buffer.alloc(24, 9).toString('base64')}`;

/** A target as `GET /v1/targets` shows it. */
export interface ShownTarget {
  readonly name: string;
  readonly needsReference: boolean;
  readonly state: string;
  readonly url: string;
  readonly disabled: string | null;
  readonly retryAt: string | null;
  readonly position: string;
  readonly lag: number;
  readonly waiting: number;
  readonly holder: string | null;
  readonly lastSuccess: string | null;
  readonly lastFailure: { readonly result: string; readonly why: string } | null;
  readonly counts: Readonly<Record<string, number>>;
}

export interface TargetGateway {
  readonly gateway: Gateway;
  /** Moves a tag; each call to another digest. */
  push(reference: string): Promise<void>;
  remove(reference: string): Promise<void>;
  shown(name?: string): Promise<ShownTarget>;
  /** `POST /v1/targets/NAME/ACTION`. */
  act(action: string, body?: object, name?: string): Promise<{ status: number; body: string }>;
}

/** A webhook target that tells this tool. */
export function webhookOf(sink: SinkServer, more: Settings = {}): Settings {
  return { name: 'hooks', kind: 'webhook', url: `${sink.url}/hook/of/team`, secret: webhookSecret, ...more };
}

/** The change in a message of a webhook. */
export function changeIn({ body }: SinkRequest): {
  readonly position: string;
  readonly tag: string;
  readonly repository: string;
} {
  return JSON.parse(body).data;
}

/** What is to be ended after a test. */
export class TargetWorld {
  readonly #ends: (() => Promise<void>)[] = [];
  #pushes = 0;

  async sink(script?: SinkScript): Promise<SinkServer> {
    const sink = await SinkServer.start(script);
    this.#ends.unshift(() => sink.close());
    return sink;
  }

  /** @param random by default, retries wait 250 ms in the first minute, and all epochs have the same name */
  async gateway(
    targets: readonly Settings[],
    more: Settings = {},
    random: Random = () => 0,
  ): Promise<TargetGateway> {
    const gateway = await startGateway({ targets, ...more }, { random });
    // Before the tools, so that nothing hangs on them.
    this.#ends.push(() => gateway.close());
    return {
      gateway,
      push: (reference) => gateway.publish({ reference, digest: digest(`${this.#pushes++}`) }),
      remove: (reference) => gateway.publish({ reference, action: 'delete' }),
      async shown(name = 'hooks') {
        const answer = await fetch(`${gateway.url}/v1/targets`);
        const { targets: all } = (await answer.json()) as { targets: readonly ShownTarget[] };
        const found = all.find((each) => each.name === name);
        if (found === undefined) throw new Error(`find target ${name}: not among ${all.length}`);
        return found;
      },
      async act(action, body, name = 'hooks') {
        const answer = await fetch(`${gateway.url}/v1/targets/${name}/${action}`, {
          method: 'POST',
          ...(body === undefined
            ? {}
            : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
        });
        return { status: answer.status, body: await answer.text() };
      },
    };
  }

  async end(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end();
  }
}
