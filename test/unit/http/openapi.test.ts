import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { EndpointDescription } from '../../../src/http/endpoint.ts';
import { buildOpenApi } from '../../../src/http/openapi.ts';

const change = z.object({ position: z.string() });
const events: EndpointDescription = {
  method: 'get',
  path: '/v1/events',
  summary: 'Subscribe',
  tag: 'subscribe',
  query: z.object({
    repository: z.array(z.string()).optional().describe('Exact or glob'),
    wait: z.string().transform(Number).prefault('20s'),
  }),
  headers: z.object({ 'Last-Event-ID': z.string().optional() }),
  responses: { 200: { description: 'A stream', mediaType: 'text/event-stream', schema: change } },
  errors: ['PARAMETER_INVALID', 'SUBSCRIPTION_LIMIT', 'TOO_MANY_CONNECTIONS'],
  mayCall: 'subscriber',
};
const hook: EndpointDescription = {
  method: 'post',
  path: '/v1/hooks/{name}',
  summary: 'Deliver',
  tag: 'publish',
  mayCall: 'sender',
  params: z.object({ name: z.string() }),
  body: {
    schema: z.object({ reference: z.string(), size: z.number().optional() }),
    mediaTypes: ['a/b', 'c/d'],
  },
  responses: { 202: { description: 'Stored' } },
};

describe('buildOpenApi', () => {
  const document = buildOpenApi({ version: '1.2.3', endpoints: [events, hook], schemas: { Change: change } });

  it('describes each endpoint with its parameters', () => {
    expect(document).toMatchObject({
      openapi: '3.1.0',
      info: { version: '1.2.3' },
      paths: {
        '/v1/events': {
          get: {
            operationId: 'getV1Events',
            security: [{ bearer: [] }, { accessToken: [] }, { basic: [] }, {}],
            parameters: [
              {
                name: 'repository',
                in: 'query',
                required: false,
                description: 'Exact or glob',
                schema: { type: 'array', items: { type: 'string' } },
              },
              { name: 'wait', in: 'query', required: false, schema: { type: 'string', default: '20s' } },
              { name: 'Last-Event-ID', in: 'header', required: false },
            ],
          },
        },
        '/v1/hooks/{name}': {
          post: {
            operationId: 'postV1HooksName',
            security: [],
            parameters: [{ name: 'name', in: 'path', required: true }],
            requestBody: {
              content: {
                'a/b': { schema: { required: ['reference'] } },
                'c/d': { schema: { type: 'object' } },
              },
            },
          },
        },
      },
    });
  });

  it('refers to named schemas', () => {
    expect(document).toHaveProperty(
      ['paths', '/v1/events', 'get', 'responses', '200', 'content', 'text/event-stream', 'schema'],
      { $ref: '#/components/schemas/Change' },
    );
    expect(document).toHaveProperty(
      ['components', 'schemas', 'Change', 'properties', 'position', 'type'],
      'string',
    );
  });

  it('gives refusals by status, with Retry-After where the same request may succeed later', () => {
    const responses = ['paths', '/v1/events', 'get', 'responses'];
    expect(document).toHaveProperty(
      [...responses, '400', 'description'],
      'PARAMETER_INVALID, SUBSCRIPTION_LIMIT',
    );
    expect(document).not.toHaveProperty([...responses, '400', 'headers']);
    expect(document).toHaveProperty([...responses, '503', 'headers', 'Retry-After']);
  });

  it('is plain JSON', () => {
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
  });
});
