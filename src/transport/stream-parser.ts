import type { Filter } from '../event/filter.ts';
import { detached } from '../lib/detached.ts';
import { withoutToken } from './access-token.ts';
import {
  type FilterLimits,
  type FilterParams,
  parseStreamQuery,
  type StreamParams,
  toFilter,
} from './subscribe-params.ts';
import { type ClientMessage, parseClientMessage, type SubscribeMessage } from './websocket/messages.ts';

export interface ParsedStream {
  readonly params: StreamParams;
  readonly filter: Filter;
}

/** Queries and filters remembered; longer texts are parsed each time. */
const maxRemembered = 1_000;
const maxRememberedLength = 2_048;

/**
 * Parses what streams ask for, remembering the latest: ten thousand dashboards ask the same, and come back
 * together. They then share one filter object as well.
 */
export class StreamParser {
  readonly #limits: FilterLimits;
  readonly #queries = new Map<string, ParsedStream>();
  readonly #messages = new Map<string, ClientMessage>();
  readonly #filters = new Map<string, Filter>();
  /** For as long as the message is remembered. */
  readonly #filtersOfMessages = new WeakMap<SubscribeMessage, Filter>();

  constructor(limits: FilterLimits) {
    this.#limits = limits;
  }

  /**
   * @param query without the question mark
   * @throws PARAMETER_INVALID naming the parameter
   */
  query(query: string): ParsedStream {
    // Nothing with a token in it is remembered, so the whole query is looked for first.
    const before = this.#queries.get(query);
    if (before !== undefined) return before;
    // A token is no part of what is asked for, and must not stay in memory.
    return remembered(this.#queries, detached(withoutToken(query)), (text) => {
      const params = parseStreamQuery(new URLSearchParams(text));
      return { params, filter: this.filter(params) };
    });
  }

  /** What a client says over a WebSocket. @throws as `parseClientMessage` */
  message(text: string): ClientMessage {
    if (text.includes('access_token')) return parseClientMessage(text);
    return remembered(this.#messages, text, parseClientMessage);
  }

  /** @throws PARAMETER_INVALID naming the member */
  filterOf(message: SubscribeMessage): Filter {
    let filter = this.#filtersOfMessages.get(message);
    if (filter !== undefined) return filter;
    const { repository, tag, types } = message;
    filter = this.filter({ repository, tag, type: types }, 'types');
    this.#filtersOfMessages.set(message, filter);
    return filter;
  }

  /** @throws PARAMETER_INVALID naming the parameter */
  filter({ repository, tag, type }: FilterParams, typeName = 'type'): Filter {
    const key = JSON.stringify([repository, tag, type]);
    return remembered(this.#filters, key, () => toFilter({ repository, tag, type }, this.#limits, typeName));
  }
}

function remembered<T>(known: Map<string, T>, key: string, make: (key: string) => T): T {
  const before = known.get(key);
  if (before !== undefined) return before;
  const made = make(key);
  if (key.length > maxRememberedLength) return made;
  const oldest = known.size >= maxRemembered ? known.keys().next().value : undefined;
  if (oldest !== undefined) known.delete(oldest);
  known.set(key, made);
  return made;
}
