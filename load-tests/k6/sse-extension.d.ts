/** Types for the part of xk6-sse (github.com/phymbert/xk6-sse) that these scripts use. The extension has none. */
declare module 'k6/x/sse' {
  export interface SseParams {
    readonly method?: 'GET' | 'POST';
    readonly headers?: Readonly<Record<string, string>>;
    readonly tags?: Readonly<Record<string, string>>;
    /** Longest time for the whole stream, as a Go duration: `60s`. */
    readonly timeout?: string;
  }

  /** Absent fields are empty strings. A bookmark is an event with only an id. */
  export interface SseEvent {
    readonly id: string;
    readonly name: string;
    readonly data: string;
  }

  export interface SseError {
    error(): string;
  }

  export interface SseClient {
    on(event: 'open', listener: () => void): void;
    on(event: 'event', listener: (event: SseEvent) => void): void;
    on(event: 'error', listener: (error: SseError) => void): void;
    close(): void;
  }

  export interface SseResponse {
    readonly status: number;
    readonly error: string;
  }

  const sse: {
    /** Blocks the virtual user until the stream ends. */
    open(url: string, params: SseParams, setup: (client: SseClient) => void): SseResponse;
  };
  export default sse;
}
