import type { Encoding } from '../fanout/sink.ts';

/** The encodings of one transport, by format. */
export type Encodings = { readonly [format in Encoding['format']]: Encoding };

/** Makes one encoding for each format, once per process: its bytes are shared. @param transport for metrics */
export function encodings(transport: string, change: Encoding['change']): Encodings {
  return {
    manifeed: { transport, format: 'manifeed', change },
    cloudevents: { transport, format: 'cloudevents', change },
  };
}
