/**
 * Sends requests over kept connections, one at a time on each, as fast as they are answered. It uses bare sockets,
 * because an HTTP client would cost more than the gateway's answers.
 */
import { connect } from 'node:net';
import { hrMs } from '../bench/control.ts';
import { type Answer, AnswerReader } from './answers.ts';
import type { Ask, FromAsker } from './messages.ts';

function tell(message: FromAsker): void {
  process.send?.(message);
}

function run({ port, connections, requests, answers, durationMs }: Ask): void {
  const startedAt = hrMs();
  const latenciesMs: number[] = [];
  let [sent, refused, bodyBytes] = [0, 0, 0];
  let refusal: string | null = null;
  let open = connections;

  const count = ({ status, beginning, bodyBytes: bytes }: Answer, sentAt: number) => {
    bodyBytes = bytes;
    if (status >= 200 && status < 300) {
      latenciesMs.push(hrMs() - sentAt);
      return;
    }
    refused += 1;
    refusal ??= `${status} ${beginning}`;
  };
  const end = () => {
    open -= 1;
    if (open > 0) return;
    const [answered, elapsedMs] = [latenciesMs.length, hrMs() - startedAt];
    const figures = { answered, refused, refusal, elapsedMs, bodyBytes };
    tell({ kind: 'asked', ...figures, latenciesMs: Float64Array.from(latenciesMs) });
  };
  const converse = () => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const reader = new AnswerReader();
    let sentAt = 0;
    let isOver = false;
    const send = () => {
      if (sent >= answers || hrMs() - startedAt >= durationMs) {
        isOver = true;
        socket.destroy();
        return end();
      }
      const request = requests[sent % requests.length] ?? '';
      sent += 1;
      reader.expect(request.slice(0, request.indexOf(' ')));
      sentAt = hrMs();
      socket.write(request);
    };
    socket.on('connect', send);
    socket.on('data', (chunk) => {
      const answer = reader.take(chunk);
      if (answer === null) return;
      count(answer, sentAt);
      send();
    });
    socket.on('error', (error) => tell({ kind: 'failed', message: error.message }));
    socket.on('close', () => {
      if (!isOver) tell({ kind: 'failed', message: 'closed by the server' });
    });
  };
  for (let i = 0; i < connections; i += 1) converse();
}

process.on('message', (message: Ask) => run(message));
