/** The asker's process, and what it cost the server. */
import { fileURLToPath } from 'node:url';
import { Child } from '../bench/child.ts';
import { cpuMs } from '../bench/process-usage.ts';
import type { Ask, Asked, FromAsker } from './messages.ts';

/** Beyond the time that was asked for. */
const patienceMs = 60_000;
const noEnd = 600_000;

export interface Requests {
  readonly port: number;
  /** Processes whose CPU time counts. */
  readonly pids: readonly number[];
  readonly requests: readonly string[];
  /** Default 1. */
  readonly connections?: number;
  /** How long requests are sent, over and over, ms. Absent: each is sent once. */
  readonly durationMs?: number;
}

export interface Answers extends Asked {
  /** CPU time of the server, ms. */
  readonly cpuMs: number;
}

export class Client {
  readonly #child: Child<Ask, FromAsker>;

  constructor(core: number) {
    const script = fileURLToPath(new URL('./asker.ts', import.meta.url));
    this.#child = new Child('asker', { args: [script], core });
  }

  /** @throws Error if an answer was no 2xx */
  async ask({ port, pids, requests, connections = 1, durationMs }: Requests): Promise<Answers> {
    const cpu = () => pids.reduce((sum, pid) => sum + cpuMs(pid), 0);
    const asked = this.#child.next('asked', (durationMs ?? noEnd) + patienceMs);
    const before = cpu();
    this.#child.send({
      ...{ kind: 'ask', port, connections, requests },
      ...{ answers: durationMs === undefined ? requests.length : Infinity, durationMs: durationMs ?? noEnd },
    });
    const answers = await asked;
    if (answers.refusal !== null)
      throw new Error(`ask the server: ${answers.refused} refusals, the first: ${answers.refusal}`);
    return { ...answers, cpuMs: cpu() - before };
  }

  close(): Promise<void> {
    return this.#child.close();
  }
}

const host = 'Host: 127.0.0.1\r\n';

export function getRequest(path: string): string {
  return `GET ${path} HTTP/1.1\r\n${host}Accept: application/json\r\n\r\n`;
}

export function postRequest(path: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** As crane sends it. */
export function headRequest(path: string): string {
  const accept = [
    ...['application/vnd.docker.distribution.manifest.v2+json', 'application/vnd.oci.image.index.v1+json'],
    ...[
      'application/vnd.oci.image.manifest.v1+json',
      'application/vnd.docker.distribution.manifest.list.v2+json',
    ],
  ].join(',');
  return `HEAD ${path} HTTP/1.1\r\n${host}User-Agent: crane/0.20.3 go-containerregistry/0.20.3\r\nAccept: ${accept}\r\n\r\n`;
}
