/** `manifeed-client`: follow container-registry changes from a Manifeed gateway. */
export { type AskOptions, ask, type Question } from './ask.ts';
export { type Clock, systemClock } from './clock.ts';
export type { FeedEvent } from './events.ts';
export { type Feed, openFeed, type TagFilter } from './feed/feed.ts';
export type { EventsOptions, FeedOptions } from './feed/options.ts';
export type { FeedStatus } from './feed/status.ts';
export type { Token } from './feed/token.ts';
export { pageWakeUps, type WakeUps } from './feed/wake-ups.ts';
export { type ClientCode, type ErrorCode, FeedError, type FeedErrorCode } from './feed-error.ts';
export type { Filter, OneOrMore } from './filter.ts';
export type { Fetch, WebSocketConstructor } from './runtime.ts';
export { type KeyedStorage, localStorageStore } from './store/local-storage.ts';
export type { PositionStore } from './store/store.ts';
export { type TagTable, type TagTableOptions, type TagUpdate, tagKey } from './tags/table.ts';
export type { TransportName } from './transport/transport.ts';
export type { Change, ChangeType, ResetReason, TagState } from './wire.ts';
