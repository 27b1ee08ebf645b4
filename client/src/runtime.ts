/** The parts of the runtime that the client uses, as narrow as it uses them: any of them can be replaced. */

/** `fetch`, as the client calls it. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchResponse>;

export interface FetchInit {
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
  readonly cache: 'no-store';
  /** Absent: GET. */
  readonly method?: 'POST' | 'PUT';
  readonly body?: string;
  /** Absent: redirects are followed. */
  readonly redirect?: 'manual';
}

export interface FetchResponse {
  readonly status: number;
  /** After redirects. */
  readonly url?: string;
  readonly headers: { get(name: string): string | null };
  readonly body: { getReader(): ByteReader } | null;
}

export interface ByteReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

/** `WebSocket`, as the client uses it. */
export type WebSocketConstructor = new (url: string, protocol: string) => WebSocketLike;

export interface WebSocketLike {
  addEventListener(type: 'open' | 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: MessageLike) => void): void;
  addEventListener(type: 'close', listener: (event: CloseLike) => void): void;
  send(text: string): void;
  close(code?: number): void;
}

export interface MessageLike {
  readonly data: unknown;
}

export interface CloseLike {
  readonly code: number;
  readonly reason: string;
}

/** The runtime's own `fetch`, called as a function: a page's must not be called as a method of anything else. */
export const runtimeFetch: Fetch = (url, init) => fetch(url, init);

/** The runtime's own `WebSocket`; null: it has none. */
export function runtimeWebSocket(): WebSocketConstructor | null {
  return typeof WebSocket === 'undefined' ? null : WebSocket;
}
