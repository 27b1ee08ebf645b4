/** A gate before a registry: requests for manifests by digest wait while it is closed. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inTime } from './until.ts';

export interface Gate {
  /** For `registries[].endpoint`. */
  readonly url: string;
  /** Digests that were asked for by GET, in order. */
  readonly asked: readonly string[];
  /** Resolves when so many were asked for. */
  reached(count: number): Promise<void>;
  shut(): void;
  /** Lets through what waits, and what comes. */
  open(): void;
  close(): Promise<void>;
}

/** @param target base URL of the registry */
export async function openGate(target: string): Promise<Gate> {
  const { port } = new URL(target);
  const asked: string[] = [];
  const waiting: (() => void)[] = [];
  const watchers: { readonly count: number; readonly resolve: () => void }[] = [];
  let isShut = false;

  const forward = (from: IncomingMessage, to: ServerResponse) => {
    const { method = 'GET', url: path = '/', headers } = from;
    const forwarded = request({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(to);
    });
    forwarded.on('error', () => to.destroy());
    from.pipe(forwarded);
  };
  const server = createServer((from, to) => {
    const digest = /\/manifests\/(sha256:[0-9a-f]+)$/.exec(from.url ?? '')?.[1];
    if (from.method !== 'GET' || digest === undefined) return forward(from, to);
    asked.push(digest);
    for (const { count, resolve } of watchers) if (asked.length >= count) resolve();
    if (isShut) waiting.push(() => forward(from, to));
    else forward(from, to);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async reached(count) {
      if (asked.length >= count) return;
      const fact = new Promise<void>((resolve) => watchers.push({ count, resolve }));
      await inTime(`${count} requests for manifests`, fact);
    },
    shut() {
      isShut = true;
    },
    open() {
      isShut = false;
      for (const go of waiting.splice(0)) go();
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
