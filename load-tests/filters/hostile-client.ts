/** Clients that ask for much. Each has its own address, so that each has its own share of the limits. */
import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { pingsIn } from '../bench/pings.ts';
import { sseRequest, webSocketRequest } from '../bench/subject.ts';
import { pongFrame, textFrame } from '../bench/text-frame.ts';

const patienceMs = 120_000;
let nextAddress = 0;

/** Only Linux has all of 127.0.0.0/8 by default. Elsewhere all clients share one address, and one share. */
function ownAddress(): { readonly localAddress?: string } {
  nextAddress = (nextAddress + 1) % 60_000;
  return process.platform === 'linux'
    ? { localAddress: `127.1.${Math.floor(nextAddress / 250)}.${1 + (nextAddress % 250)}` }
    : {};
}

/** @returns the status and the body's first characters */
export function ask(port: number, target: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ port, host: '127.0.0.1', path: target, ...ownAddress() }, (answer) => {
      let body = '';
      answer.on('data', (chunk: Buffer) => {
        if (body.length < 300) body += chunk.toString();
      });
      answer.on('end', () => resolve(`${answer.statusCode} ${body.slice(0, 300)}`));
    });
    request.setTimeout(patienceMs, () => request.destroy(new Error(`ask ${target.slice(0, 60)}: no answer`)));
    request.on('error', reject);
  });
}

export class HostileClient {
  readonly #socket: Socket;
  #tail = '';
  #waiting: { readonly text: string; readonly heard: (found: string) => void } | null = null;

  constructor(port: number, request: string) {
    this.#socket = connect({ port, host: '127.0.0.1', ...ownAddress() });
    this.#socket.on('error', () => {});
    this.#socket.on('data', (chunk) => this.#hear(chunk));
    this.#socket.write(request);
  }

  static sse(port: number, target: string): HostileClient {
    return new HostileClient(port, sseRequest(target));
  }

  static async webSocket(port: number): Promise<HostileClient> {
    const headers = ['Sec-WebSocket-Protocol: manifeed.v1'];
    const client = new HostileClient(port, webSocketRequest('/v1/socket', headers));
    await client.until('\r\n\r\n');
    return client;
  }

  /** Resolves to what came first: this string, a refusal or the end. */
  until(text: string): Promise<string> {
    return new Promise((resolve) => {
      this.#waiting = { text, heard: resolve };
      this.#look();
    });
  }

  say(message: Readonly<Record<string, unknown>>): void {
    this.#tail = '';
    this.#socket.write(textFrame(JSON.stringify(message)));
  }

  close(): void {
    this.#socket.destroy();
  }

  #hear(chunk: Buffer): void {
    for (const payload of pingsIn(chunk)) this.#socket.write(pongFrame(payload));
    this.#tail = (this.#tail + chunk.toString('latin1')).slice(-10_000);
    this.#look();
  }

  #look(): void {
    const waiting = this.#waiting;
    if (waiting === null) return;
    const found = [waiting.text, '"type":"error"', '"errors":'].find((each) => this.#tail.includes(each));
    if (found === undefined) return;
    this.#waiting = null;
    const { tail } = { tail: this.#tail };
    waiting.heard(
      found === waiting.text ? 'done' : tail.slice(tail.indexOf(found), tail.indexOf(found) + 200),
    );
  }
}
