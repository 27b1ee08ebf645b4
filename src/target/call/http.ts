/** One HTTP request to a tool, and its answer. */
import { Agent, type Dispatcher } from 'undici';
import { trusting } from '../../lib/trusted-certificates.ts';
import { CallError } from './error.ts';

/** What a kind sends. */
export interface HttpRequest {
  readonly method: 'DELETE' | 'GET' | 'HEAD' | 'OPTIONS' | 'PATCH' | 'POST' | 'PUT';
  /** http or https, complete. */
  readonly url: string;
  /** ASCII names and values. `user-agent` is added unless given. */
  readonly headers: Readonly<Record<string, string>>;
  /** Null: none. */
  readonly body: string | null;
  /** Most of the answer's body that is read, bytes. Default 64 KiB. */
  readonly maxAnswerBytes?: number;
}

/** What a tool answered, redirects too: none is followed. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case; repeated ones joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as UTF-8, at most `maxAnswerBytes` of it. */
  readonly text: string;
  /** False: the body went on beyond `text`. */
  readonly isWhole: boolean;
}

interface HttpCallerOptions {
  /** Certificate authorities to trust besides Node's and the system's, PEM. */
  readonly ca?: string | undefined;
  /** Most connections to the tool, ≥ 1. */
  readonly connections: number;
}

const usualMaxBytes = 64 * 1024;
const maxHeaderBytes = 32 * 1024;
const userAgent = 'manifeed';

/** Sends the requests of one target. It has its own connections, so that no target waits for another's tool. */
export class HttpCaller {
  readonly #agent: Agent;

  constructor({ ca, connections }: HttpCallerOptions) {
    this.#agent = new Agent({
      connections,
      // The attempt's signal ends the whole exchange; it replaces both.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: maxHeaderBytes,
      pipelining: 1,
      allowH2: false,
      connect: { timeout: 0, secureContext: trusting(ca) },
    });
  }

  /** @param signal ends it; its reason is thrown if that is a CallError @throws CallError */
  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const url = new URL(request.url);
    try {
      const answer = await this.#agent.request({
        ...{ origin: url.origin, path: url.pathname + url.search, method: request.method, signal },
        headers: { 'user-agent': userAgent, ...request.headers },
        body: request.body,
      });
      const body = await readAtMost(answer.body, request.maxAnswerBytes ?? usualMaxBytes);
      return { status: answer.statusCode, headers: joined(answer.headers), ...body };
    } catch (error) {
      if (signal.reason instanceof CallError) throw signal.reason;
      // Only the origin: path and query may hold a secret.
      throw new CallError('network', `${request.method} ${url.origin}: no answer (${codeOf(error)})`);
    }
  }

  /** Ends all connections; what is under way fails. Idempotent. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

async function readAtMost(
  body: Dispatcher.ResponseData['body'],
  maxBytes: number,
): Promise<{ readonly text: string; readonly isWhole: boolean }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Leaving the loop early closes the connection.
  for await (const chunk of body) {
    const part = Buffer.from(chunk);
    chunks.push(part.subarray(0, maxBytes - bytes));
    bytes += part.length;
    if (bytes > maxBytes) break;
  }
  return { text: Buffer.concat(chunks).toString(), isWhole: bytes <= maxBytes };
}

function joined(headers: Dispatcher.ResponseData['headers']): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).map(([name, value]) => [
    name.toLowerCase(),
    Array.isArray(value) ? value.join(', ') : (value ?? ''),
  ]);
  return Object.fromEntries(entries);
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
