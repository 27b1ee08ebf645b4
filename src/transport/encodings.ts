import type { Encoding } from '../fanout/sink.ts';

export type Encodings = { readonly [format in Encoding['format']]: Encoding };

/**
 * One encoding for each format, made once for the process: subscribers of one encoding share its bytes.
 *
 * @param transport for metrics
 */
export function encodings(transport: string, change: Encoding['change']): Encodings {
  return {
    manifeed: { transport, format: 'manifeed', change },
    cloudevents: { transport, format: 'cloudevents', change },
  };
}
