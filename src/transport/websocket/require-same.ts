import type { Subscriber } from '../../fanout/subscriber.ts';
import type { StreamParams, StreamRequest } from '../request.ts';
import { refuseMember } from './messages.ts';

/**
 * Pace, conflation and format belong to the connection. Its first subscription sets them; a later one may omit or
 * repeat them. @throws PARAMETER_INVALID naming the member that differs
 */
export function requireSame(
  asked: StreamParams,
  { paced, conflate, format }: StreamRequest,
  settled: Pick<Subscriber, 'paced' | 'conflate' | 'sink'>,
): void {
  const differs = [
    ['pace', asked.pace !== undefined && paced !== settled.paced],
    ['conflate', asked.conflate !== undefined && conflate !== settled.conflate],
    ['format', asked.format !== undefined && format !== settled.sink.encoding.format],
  ] as const;
  for (const [name, isOther] of differs) {
    if (isOther)
      throw refuseMember(name, `subscribe: ${name}: must be as the connection's first subscription set it`);
  }
}
