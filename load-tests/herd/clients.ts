/**
 * Each client has a subscription and a connection to the registry, and HEADs it on a change. The connections
 * exist beforehand: handshakes would spread the requests and flatter a strategy that sends all at once.
 */
import { connect, type Socket } from 'node:net';
import { MarkerCounter } from '../bench/marker-counter.ts';
import { benchTag, changeMarker } from '../bench/sample.ts';
import type { FromClients, Gather } from './messages.ts';

const maxConnecting = 200;
const head = Buffer.from(
  `HEAD /v2/bench/application/manifests/${benchTag} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: herd\r\n\r\n`,
);

function tell(message: FromClients): void {
  process.send?.(message);
}

function open(port: number, what: string, onData: (socket: Socket, chunk: Buffer) => void): Socket {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('data', (chunk) => onData(socket, chunk));
  socket.on('error', (error) => tell({ kind: 'failed', message: `${what}: ${error.message}` }));
  socket.on('close', () => tell({ kind: 'failed', message: `${what}: closed by the server` }));
  return socket;
}

function gather(options: Gather): void {
  const counter = new MarkerCounter(changeMarker, options.clients);
  let started = 0;
  let ready = 0;
  let answered = 0;
  const next = () => {
    if (started >= options.clients) return;
    const index = started++;
    let live = false;
    const registry = open(options.registryPort, 'registry', () => {
      answered += 1;
      if (answered % options.clients === 0) tell({ kind: 'asked' });
    });
    const ask = () => registry.write(head);
    const gateway = open(options.gatewayPort, 'gateway', (_, chunk) => {
      if (!live && chunk.includes(options.readyMarker)) {
        live = true;
        ready += 1;
        if (ready === options.clients) tell({ kind: 'gathered' });
        next();
      }
      const told = counter.count(index, chunk);
      for (let i = 0; i < told; i++) {
        if (options.jitterMs === 0) ask();
        else setTimeout(ask, Math.random() * options.jitterMs);
      }
    });
    gateway.write(options.request);
  };
  for (let i = 0; i < maxConnecting; i++) next();
}

process.on('message', (message: Gather) => gather(message));
