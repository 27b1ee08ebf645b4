/**
 * Posts registry notifications over kept connections, one at a time on each, as fast as they are acknowledged. It
 * uses bare sockets, because an HTTP client would cost more than the gateway's answers.
 */
import { connect } from 'node:net';
import { hrMs } from '../bench/control.ts';
import type { FromPoster, Post } from './messages.ts';
import { pushNotification } from './notification.ts';

const repositories = 500;
const mediaType = 'application/vnd.docker.distribution.events.v1+json';
/** Latencies kept. Further deliveries are only counted. */
const maxLatencies = 1_000_000;

function tell(message: FromPoster): void {
  process.send?.(message);
}

function run(options: Post): void {
  const startedAt = hrMs();
  const latenciesMs: number[] = [];
  let acknowledged = 0;
  let refused = 0;
  let sent = 0;
  let open = options.connections;

  const request = () => {
    const body = pushNotification(`load/app-${sent++ % repositories}`, 'latest');
    return `POST /v1/hooks/${options.hook} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: ${mediaType}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  };
  const finish = () => {
    open -= 1;
    if (open > 0) return;
    const elapsedMs = hrMs() - startedAt;
    tell({ kind: 'posted', acknowledged, refused, elapsedMs, latenciesMs: Float64Array.from(latenciesMs) });
  };
  const converse = () => {
    const socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true });
    let sentAt = 0;
    let over = false;
    const send = () => {
      sentAt = hrMs();
      socket.write(request());
    };
    socket.on('connect', send);
    socket.on('data', (chunk) => {
      // An answer is a few hundred bytes in one segment. A chunk without a status line continues the one before.
      const status = chunk.toString('latin1', 0, 10);
      if (!status.startsWith('HTTP/1.1 ')) return;
      if (status === 'HTTP/1.1 2') {
        acknowledged += 1;
        if (latenciesMs.length < maxLatencies) latenciesMs.push(hrMs() - sentAt);
      } else {
        refused += 1;
      }
      if (hrMs() - startedAt < options.durationMs) {
        send();
        return;
      }
      over = true;
      socket.destroy();
      finish();
    });
    socket.on('error', (error) => tell({ kind: 'failed', message: error.message }));
    socket.on('close', () => {
      if (!over) tell({ kind: 'failed', message: 'closed by the gateway' });
    });
  };
  for (let i = 0; i < options.connections; i++) converse();
}

process.on('message', (message: Post) => run(message));
