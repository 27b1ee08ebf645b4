/** Why there is no answer: no DNS name, no connection, cut, or too late. The message holds no secret. */
export class CallError extends Error {
  readonly kind: 'timeout' | 'network' | 'closed';

  constructor(kind: CallError['kind'], message: string) {
    super(message);
    this.name = 'CallError';
    this.kind = kind;
  }
}
