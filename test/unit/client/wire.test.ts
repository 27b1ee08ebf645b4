/** The client's types are written by hand. Here they are held to the gateway's own. */
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { z } from 'zod';
import { type ErrorCode, finalCodes, passingCodes } from '../../../client/src/feed-error.ts';
import { toQuery, toSubscribe } from '../../../client/src/filter.ts';
import type { Change, ChangeType, Filter, ResetReason, TagState } from '../../../client/src/index.ts';
import { catalogue, type ErrorCode as GatewayCode } from '../../../src/errors.ts';
import type { ChangeType as GatewayChangeType } from '../../../src/event/change.ts';
import { changeToJson, tagStateToJson } from '../../../src/event/encode.ts';
import type { Control } from '../../../src/fanout/sink.ts';
import { changeSchema, tagStateSchema } from '../../../src/http/endpoint.ts';
import { parseQuery } from '../../../src/transport/parameters.ts';
import { streamSchema, streamShape } from '../../../src/transport/request.ts';
import { parseClientMessage } from '../../../src/transport/websocket/messages.ts';

/** What a schema describes, without the members that it lets pass. */
type Described<Shape extends z.ZodRawShape> = { readonly [Name in keyof Shape]: z.infer<Shape[Name]> };
type ChangeMembers = Omit<Described<typeof changeSchema.shape>, 'timestamp' | 'type'>;

const all: Required<Filter> = {
  repository: ['a', 'b/*'],
  tag: 'semver:^1',
  type: ['tag.*'],
  platform: 'linux/amd64',
  snapshot: true,
  conflate: true,
  pace: 'none',
};
const start = { after: 'abc-7', since: '2026-01-01T00:00:00Z', snapshot: true };

describe('the types of the client', () => {
  it('of changes, rows and reasons are those of the gateway', () => {
    expectTypeOf<ChangeType>().toEqualTypeOf<GatewayChangeType>();
    expectTypeOf<ResetReason>().toEqualTypeOf<Extract<Control, { kind: 'reset' }>['reason']>();
    expectTypeOf<Change>().toExtend<Partial<ChangeMembers>>();
    expectTypeOf<keyof Omit<Change, 'type'>>().toEqualTypeOf<keyof ChangeMembers>();
    expectTypeOf<TagState>().toEqualTypeOf<Described<typeof tagStateSchema.shape>>();
  });

  it('name every member that the gateway writes, and no other', () => {
    const times = { occurredAt: 0, recordedAt: 0, firstSeenAt: 0, updatedAt: 0 };
    const shared = { registry: 'r', repository: 'a', digest: null, mediaType: null, size: null };
    const known = { ...shared, tag: 't', previousDigest: null, origin: 'poll', platforms: null };
    const change = { ...known, ...times, epoch: 'e', sequence: 1, type: 'tag.created' as const };
    const members = (json: string) => Object.keys(JSON.parse(json)).sort();
    const { timestamp: _, ...described } = changeSchema.shape;
    expect(members(changeToJson(change))).toEqual(Object.keys(described).sort());
    expect(members(tagStateToJson({ ...shared, tag: 't', ...times }))).toEqual(
      Object.keys(tagStateSchema.shape).sort(),
    );
  });

  it('of errors are the catalogue, with what to do after each', () => {
    expectTypeOf<ErrorCode>().toEqualTypeOf<GatewayCode>();
    const codes = Object.entries(catalogue);
    const which = (retryable: boolean) =>
      codes.filter(([, entry]) => entry.retryable === retryable).map(([code]) => code);
    expect([...finalCodes].sort()).toEqual(which(false).sort());
    expect([...passingCodes].sort()).toEqual(which(true).sort());
  });

  it('of a filter have every parameter of a subscription, besides where it begins and the format', () => {
    const others = ['after', 'since', 'format'];
    expect([...Object.keys(all), ...others].sort()).toEqual(Object.keys(streamShape).sort());
  });

  it('of a filter are understood as a query and as a message', () => {
    const { type, ...rest } = all;
    const lists = { repository: ['a', 'b/*'], tag: ['semver:^1'], platform: ['linux/amd64'], type };
    const expected = { ...rest, ...lists, ...start };
    expect(parseQuery(toQuery(all, start), streamSchema)).toEqual(expected);
    const message = { ...toSubscribe(all, start), type: 'subscribe', id: 'i' };
    expect(parseClientMessage(JSON.stringify(message))).toMatchObject({ params: expected });
  });

  it('say nothing that was not asked for', () => {
    const live = { after: null, since: null, snapshot: false };
    expect(toQuery({}, live).toString()).toBe('');
    expect(toSubscribe({ snapshot: true }, live)).toEqual({});
  });
});
