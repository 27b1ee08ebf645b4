/** What an error of the client means, and what helps. */
import type { FeedError } from '../../../client/src/index.ts';
import { innermost, wayRemedy } from '../asking/system-cause.ts';

const proxy = 'docs/operating.md#what-a-proxy-in-front-must-do';

/** A half of a finding. */
export interface Trouble {
  readonly text: string;
  readonly remedy: string;
  readonly docs?: string;
}

/** @param error of a request that nothing but the address and the way to it decides */
export function troubleOf(error: FeedError): Trouble {
  const { code } = error;
  if (code === 'NETWORK' || code === 'TIMEOUT') return noAnswer(error);
  if (code === 'ORIGIN_DENIED')
    return {
      text: error.message,
      remedy: "Have the proxy pass Host on, or add the name to the gateway's hosts",
      docs: proxy,
    };
  if (code !== 'PROTOCOL') return { text: error.message, remedy: remedyOfRefusal(error), docs: limits };
  return (
    frontTrouble(error) ?? {
      text: `what answers is no gateway (${error.message})`,
      remedy: 'Correct --gateway; behind a proxy it needs the path under which the gateway is',
      docs: proxy,
    }
  );
}

/** Of an answer of something in front, which reaches no gateway; null: it is another one. */
export function frontTrouble({ code, status }: FeedError): Trouble | null {
  if (code !== 'PROTOCOL' || (status !== 502 && status !== 503 && status !== 504)) return null;
  return {
    text: `a proxy answers with ${status}, not the gateway`,
    remedy:
      'The proxy reaches no gateway: see that the gateways run, and that their addresses in the proxy are right',
    docs: proxy,
  };
}

const limits = 'docs/operating.md#limits';

/** What helps after a refusal of the gateway itself. */
function remedyOfRefusal({ retryable }: FeedError): string {
  if (retryable) return 'Try again; if it stays, see the log of the gateway and its limits';
  return 'See the log of the gateway: it names address and reason';
}

/** By the system's code of the innermost cause. */
const remedies: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED/, 'Start the gateway, or correct the port: nothing listens there'],
  [/ENOTFOUND|EAI_AGAIN/, 'Correct the name of the host: it has no address'],
];
const otherRemedy = 'See whether a firewall or a proxy on the way ends or drops the connection';

function noAnswer(error: FeedError): Trouble {
  const { code, message } = innermost(error);
  const found = wayRemedy(code) ?? remedies.find(([codes]) => codes.test(code))?.[1];
  return { text: `no answer (${message})`, remedy: found ?? otherRemedy };
}
