import { Counter, Rate, Trend } from 'k6/metrics';

export const measures = {
  /** From the publish to the subscriber, ms, both by k6's clock. */
  latency: new Trend('manifeed_latency', true),
  /** Changes that arrived. */
  deliveries: new Counter('manifeed_deliveries'),
  /** Changes that do not follow the one before: the subscriber missed one. Must stay 0. */
  gaps: new Counter('manifeed_gaps'),
  /** Changes that arrived twice, which is allowed after a reconnect. */
  repeats: new Counter('manifeed_repeats'),
  /** Positions from which the gateway could not resume. */
  resets: new Counter('manifeed_resets'),
  /** Share of subscriptions that became live. */
  subscribed: new Rate('manifeed_subscribed'),
  /** From opening a connection to `ready`, ms. */
  readyAfter: new Trend('manifeed_ready_after', true),
  /** Share of publishes with a 2xx. */
  published: new Rate('manifeed_published'),
};
