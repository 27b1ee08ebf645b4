/** One delivery to a gateway on a connection of its own. */
import { request } from 'node:http';

const answerTimeoutMs = 4_000;

/** @returns whether it was acknowledged; an answer that does not come in 4 s counts as none */
export function post(port: number, path: string, body: string): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const asked = request(
      { agent: false, host: '127.0.0.1', port, method: 'POST', path, headers },
      (answer) => {
        answer.resume();
        answer.on('error', () => resolve(false));
        answer.on('end', () => resolve(answer.statusCode === 202));
      },
    );
    asked.setTimeout(answerTimeoutMs, () => asked.destroy());
    asked.on('error', () => resolve(false));
    asked.on('close', () => resolve(false));
    asked.end(body);
  });
}
