/** Why there is no answer: no DNS name, no connection, cut, no such program, or too late. The message holds no secret. */
export class CallError extends Error {
  readonly kind: 'timeout' | 'network' | 'closed' | 'process';

  constructor(kind: CallError['kind'], message: string) {
    super(message);
    this.name = 'CallError';
    this.kind = kind;
  }
}
