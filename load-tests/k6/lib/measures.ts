/** The metrics that all scripts share, so that their thresholds read alike. */
import { Counter, Rate, Trend } from 'k6/metrics';

export const measures = {
  /** From the publish to the subscriber, ms; both clocks are k6's. */
  latency: new Trend('manifeed_latency', true),
  /** Changes that arrived. */
  deliveries: new Counter('manifeed_deliveries'),
  /** Changes that do not follow the one before: something was missed. Must stay 0. */
  gaps: new Counter('manifeed_gaps'),
  /** Changes that came a second time, which is allowed after a reconnect. */
  repeats: new Counter('manifeed_repeats'),
  /** Positions that the gateway could not honour. */
  resets: new Counter('manifeed_resets'),
  /** Subscriptions that became live, of those tried. */
  subscribed: new Rate('manifeed_subscribed'),
  /** From opening a connection to `ready`, ms. */
  readyAfter: new Trend('manifeed_ready_after', true),
  /** Publishes that got a 2xx. */
  published: new Rate('manifeed_published'),
};
