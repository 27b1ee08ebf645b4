/** An HTTP server that answers by script: what a tool may do to a gateway that triggers it. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { until } from './until.ts';

/** One request that came, whole. */
export interface SinkRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What to do with a request. Default: 200 with an empty body. */
export type SinkReply =
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
      /** Answers only once this resolves. */
      readonly after?: Promise<unknown>;
    }
  /** Closes the connection without an answer; `'midway'`: within the body. */
  | { readonly cut: 'before' | 'midway' }
  /** Never answers. */
  | { readonly hang: true }
  /** A body of so many bytes. */
  | { readonly bytes: number }
  /** A head, then a byte from time to time, for ever. */
  | { readonly drip: true };

/** Decides about the request, the `number`th (from 1). */
export type SinkScript = (request: SinkRequest, number: number) => SinkReply;

/** A tool on a free port of loopback. */
export class SinkServer {
  readonly requests: SinkRequest[] = [];
  /** May be changed at any time. */
  script: SinkScript;
  /** Bytes of bodies that were handed to the socket. */
  written = 0;
  readonly #server;
  readonly #timers = new Set<NodeJS.Timeout>();

  static async start(script: SinkScript = () => ({})): Promise<SinkServer> {
    const sink = new SinkServer(script);
    await new Promise<void>((resolve) => sink.#server.listen(0, '127.0.0.1', resolve));
    return sink;
  }

  private constructor(script: SinkScript) {
    this.script = script;
    this.#server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      request.on('error', () => {});
      request.on('end', () => {
        const { method = '', url: target = '', headers } = request;
        const whole = { method, target, headers, body };
        this.requests.push(whole);
        this.#reply(response, this.script(whole, this.requests.length));
      });
    });
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Open connections. */
  connections(): Promise<number> {
    return new Promise((resolve, reject) =>
      this.#server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
    );
  }

  /** Waits until so many requests have come, and returns them. */
  async received(count: number, timeoutMs?: number): Promise<readonly SinkRequest[]> {
    await until(`${count} requests`, () => this.requests.length >= count, timeoutMs);
    return this.requests;
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #reply(response: ServerResponse, reply: SinkReply): void {
    if ('hang' in reply) return;
    if ('cut' in reply) {
      if (reply.cut === 'midway') response.writeHead(200, { 'content-length': '1000' }).write('half of it');
      setImmediate(() => response.destroy());
      return;
    }
    if ('drip' in reply) {
      response.writeHead(200).write('.');
      const timer = setInterval(() => response.write('.'), 5);
      this.#timers.add(timer);
      response.on('close', () => clearInterval(timer));
      return;
    }
    if ('bytes' in reply) return this.#pour(response.writeHead(200), reply.bytes);
    const { status = 200, headers = {}, body = '', after } = reply;
    const answer = () => response.writeHead(status, headers).end(body);
    if (after === undefined) answer();
    else void after.then(answer);
  }

  #pour(response: ServerResponse, bytes: number): void {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    let left = bytes;
    const pour = () => {
      while (left > 0 && !response.destroyed) {
        const part = chunk.subarray(0, Math.min(left, chunk.length));
        left -= part.length;
        this.written += part.length;
        if (!response.write(part)) return;
      }
      if (left <= 0) response.end();
    };
    response.on('drain', pour);
    pour();
  }
}
