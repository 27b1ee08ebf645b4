/** Measures a gateway over a ledger that is there already. */
import { fileURLToPath } from 'node:url';
import { Child } from '../bench/child.ts';
import { type Gateway, startGateway } from '../bench/gateway.ts';
import { pssKib } from '../bench/process-usage.ts';
import { median } from '../bench/statistics.ts';
import { probeArgs, type ServerChild, startTimeoutMs } from '../bench/subject.ts';
import { checkBody, imagesPerCheck } from './checks.ts';
import { type Client, getRequest, headRequest, postRequest } from './client.ts';
import { mirrors, registry } from './content.ts';
import { byTurns, type Measured } from './measured.ts';
import { type Pick, queries } from './queries.ts';
import { retention, type Store } from './stores.ts';

const serverCore = 0;
const connections = 64;
/** HEADs to one server before it is the other one's turn, ms. */
const turnMs = 1_000;
/** Different HEADs. */
const headRequests = 100_000;
/** Asked for before memory is read, of each kind; the smaller ledger has enough for the same checks. */
const pagesBeforeMemory = 500;
const checksBeforeMemory = 50;
const checkedRepositories = 10;

/** Of a host that asks every few minutes. */
const again = 'with ranges, the same images again';

/** A gateway that believes its rows, however old they are: no registry is asked. */
export function startOver(store: Store): Promise<Gateway> {
  return startGateway({
    ...{ transport: 'sse', core: serverCore, ledger: 'sqlite', access: 'open' },
    configuration: {
      ...{ ledger: store.url, retention, defaultRegistry: registry },
      registries: [{ host: registry, trustWebhooks: true }],
    },
  });
}

export class GatewayBench {
  readonly #gateway: Gateway;
  readonly #client: Client;
  readonly #pick: Pick;
  readonly #pids: readonly number[];

  /** @param serverPid of the Redis server; null: there is none */
  constructor(gateway: Gateway, client: Client, pick: Pick, serverPid: number | null) {
    this.#gateway = gateway;
    this.#client = client;
    this.#pick = pick;
    this.#pids = [gateway.pid, ...(serverPid === null ? [] : [serverPid])];
  }

  /** Those queries that one request asks. */
  queries(times: number): Promise<readonly Measured[]> {
    const paths = new Map(
      queries.flatMap(({ name, path }) => (path === null ? [] : [[name, path] as const])),
    );
    return byTurns([...paths.keys()], times, (name, count) =>
      this.#ask(count, () => getRequest(paths.get(name)?.(this.#pick) ?? '')),
    );
  }

  /** Update checks, and the diff of two mirrors. */
  requests(times: number): Promise<readonly Measured[]> {
    const { content } = this.#pick;
    let first = 0;
    const elsewhere = () => {
      first = (first + imagesPerCheck) % content.repositories;
      return first;
    };
    const check = (body: string) => postRequest('/v1/check', body);
    const [left, right] = mirrors.map((mirror) => `${registry}/${mirror}`);
    const diff = new URLSearchParams({ left: left ?? '', right: right ?? '', n: '1000' });
    const requests = new Map([
      ['check of 200 images', () => check(checkBody(content, elsewhere(), null))],
      [again, () => check(checkBody(content, 0, '^1'))],
      ['with ranges, others each time', () => check(checkBody(content, elsewhere(), '^1'))],
      [`diff of two times ${content.extent.mirrorTags} tags`, () => getRequest(`/v1/diff?${diff}`)],
    ]);
    return byTurns([...requests.keys()], times, async (name, count) => {
      const make = () => requests.get(name)?.() ?? '';
      // The others have pushed it out of what the gateway remembers; the second one sorts what it remembers.
      if (name === again) await this.#ask(2, make);
      return this.#ask(count, make);
    });
  }

  async #ask(count: number, make: () => string) {
    const requests = Array.from({ length: count }, make);
    const { latenciesMs, cpuMs, bodyBytes } = await this.#client.ask({
      ...{ port: this.#gateway.port, pids: this.#pids, requests },
    });
    return { latenciesMs, cpuMs, amount: bodyBytes };
  }

  /** HEADs by tag, to the gateway and to a route that knows nothing, by turns. */
  async heads(seconds: number): Promise<readonly Throughput[]> {
    const script = fileURLToPath(new URL('./server-route.ts', import.meta.url));
    const child: ServerChild = new Child('route', { args: [...probeArgs, script], core: serverCore });
    try {
      const { port } = await child.next('listening', startTimeoutMs);
      const servers = [
        { name: 'bare fastify route', port, pid: child.pid, rounds: [] as Turn[] },
        { name: 'facade', port: this.#gateway.port, pid: this.#gateway.pid, rounds: [] as Turn[] },
      ];
      for (let turn = -1; turn < seconds; turn += 1) {
        for (const server of servers) {
          const round = await this.#headTurn(server);
          if (turn >= 0) server.rounds.push(round);
        }
      }
      return servers.map(({ name, rounds }) => ({
        name,
        perSecond: median(rounds.map((round) => round.perSecond)),
        perCpuSecond: median(rounds.map((round) => round.perCpuSecond)),
      }));
    } finally {
      await child.close();
    }
  }

  async #headTurn({ port, pid }: { readonly port: number; readonly pid: number }): Promise<Turn> {
    const requests = Array.from({ length: headRequests }, () => {
      const { repository, tag } = this.#pick.tag();
      return headRequest(`/v2/${repository}/manifests/${tag}`);
    });
    const { answered, elapsedMs, cpuMs } = await this.#client.ask({
      ...{ port, pids: [pid], requests, connections, durationMs: turnMs },
    });
    return { perSecond: (answered * 1_000) / elapsedMs, perCpuSecond: (answered * 1_000) / cpuMs };
  }

  /** What the process takes after the same work, garbage collected, KiB. */
  async memoryKib(): Promise<number> {
    for (const { path } of queries) {
      if (path !== null) await this.#ask(pagesBeforeMemory, () => getRequest(path(this.#pick)));
    }
    const { content } = this.#pick;
    await this.#ask(checksBeforeMemory, () =>
      postRequest('/v1/check', checkBody(content, 0, '^1', checkedRepositories)),
    );
    await this.#headTurn(this.#gateway);
    await this.#gateway.collectGarbage();
    return pssKib(this.#gateway.pid);
  }
}

interface Turn {
  readonly perSecond: number;
  readonly perCpuSecond: number;
}

export interface Throughput extends Turn {
  readonly name: string;
}
