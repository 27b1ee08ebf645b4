/** The k6 extension xk6-sse (github.com/phymbert/xk6-sse): what these scripts use of it. It has no types of its own. */
declare module 'k6/x/sse' {
  export interface SseParams {
    readonly method?: 'GET' | 'POST';
    readonly headers?: Readonly<Record<string, string>>;
    readonly tags?: Readonly<Record<string, string>>;
    /** Longest time for the whole stream, as a Go duration: `60s`. */
    readonly timeout?: string;
  }

  /** Absent fields are empty strings. A bookmark is an event with an id alone. */
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
