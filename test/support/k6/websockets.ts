/** Stand-in for `k6/websockets`, over the `ws` client. */
import { WebSocket as NodeWebSocket } from 'ws';
import { currentUser } from './virtual-user.ts';

interface Params {
  readonly headers?: Readonly<Record<string, string>>;
}

export class WebSocket {
  onopen: () => void = () => {};
  onmessage: (event: { readonly data: string }) => void = () => {};
  onerror: () => void = () => {};
  onclose: () => void = () => {};
  readonly #socket: NodeWebSocket;

  constructor(url: string, protocols: null, params: Params) {
    if (protocols !== null) throw new Error('open: k6 takes no subprotocols here: use the header');
    const { 'Sec-WebSocket-Protocol': protocol = '', ...headers } = params.headers ?? {};
    const user = currentUser();
    const release = user.hold();
    this.#socket = new NodeWebSocket(url, protocol.split(','), { headers });
    this.#socket.on('open', () => this.onopen());
    this.#socket.on('message', (data) => this.onmessage({ data: String(data) }));
    this.#socket.on('error', () => this.onerror());
    this.#socket.on('close', () => {
      this.onclose();
      release();
    });
    user.stop.addEventListener('abort', () => this.#socket.terminate());
  }

  send(data: string): void {
    this.#socket.send(data);
  }

  close(code: number): void {
    this.#socket.close(code);
  }
}
