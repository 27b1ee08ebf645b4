/** Builds the OpenAPI 3.1 document from the zod schemas that check the requests, so that both agree. */
import { z } from 'zod';
import { catalogue, type ErrorCode } from '../errors.ts';
import { type EndpointDescription, isRight } from './endpoint.ts';

interface OpenApiOptions {
  readonly version: string;
  readonly endpoints: readonly EndpointDescription[];
  /** Schemas to refer to by name, found by identity. */
  readonly schemas?: Readonly<Record<string, z.ZodType>>;
}

type JsonObject = { readonly [key: string]: unknown };

const errorBody = z.object({
  errors: z.array(z.object({ code: z.string(), message: z.string(), detail: z.unknown() })),
});

/** Builds the document. Pure: build it once. */
export function buildOpenApi(options: OpenApiOptions): JsonObject {
  const named: Readonly<Record<string, z.ZodType>> = { ...options.schemas, Errors: errorBody };
  const toSchema = schemaWriter(named);
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const endpoint of options.endpoints) {
    paths[endpoint.path] = { ...paths[endpoint.path], [endpoint.method]: operation(endpoint, toSchema) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Manifeed',
      version: options.version,
      description: 'Tells everyone at once when something changes in a container registry.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries(named).map(([name, schema]) => [name, writeSchema(schema, 'output')]),
      ),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        // For EventSource, which can send no header (RFC 6750, 2.3).
        accessToken: { type: 'apiKey', in: 'query', name: 'access_token' },
        // For feed readers.
        basic: { type: 'http', scheme: 'basic', description: 'The token as password, with any user name' },
      },
    },
  };
}

type SchemaWriter = (schema: z.ZodType, io: 'input' | 'output') => unknown;

/** Named schemas become references; others are written out. */
function schemaWriter(named: Readonly<Record<string, z.ZodType>>): SchemaWriter {
  const names = new Map(Object.entries(named).map(([name, schema]) => [schema, name]));
  return (schema, io) => {
    const name = names.get(schema);
    return name === undefined ? writeSchema(schema, io) : { $ref: `#/components/schemas/${name}` };
  };
}

/** JSON Schema 2020-12, as in OpenAPI 3.1; without `$schema`, which the document gives once. */
function writeSchema(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}

function operation(endpoint: EndpointDescription, toSchema: SchemaWriter): JsonObject {
  const parameters = [
    ...parametersOf(endpoint.params, 'path'),
    ...parametersOf(endpoint.query, 'query'),
    ...parametersOf(endpoint.headers, 'header'),
  ];
  const { mayCall, errors = [] } = endpoint;
  const isSecured = mayCall === 'subscriber' || isRight(mayCall);
  const ofRight: readonly ErrorCode[] = isRight(mayCall) ? ['UNAUTHORIZED', 'DENIED'] : [];
  return {
    operationId: operationId(endpoint),
    tags: [endpoint.tag],
    summary: endpoint.summary,
    ...(endpoint.description !== undefined && { description: endpoint.description }),
    security: isSecured ? securityOf(endpoint.method) : [],
    ...(parameters.length > 0 && { parameters }),
    ...(endpoint.body !== undefined && { requestBody: requestBody(endpoint.body, toSchema) }),
    responses: { ...responsesOf(endpoint, toSchema), ...refusals([...errors, ...ofRight]) },
  };
}

/** As `requestTokenOf` takes it. The empty alternative is open access. */
function securityOf(method: EndpointDescription['method']): readonly JsonObject[] {
  const basic = method === 'get' ? [{ basic: [] }] : [];
  return [{ bearer: [] }, { accessToken: [] }, ...basic, {}];
}

/** `get /v1/hooks/{name}` → `getV1HooksName` */
function operationId(endpoint: EndpointDescription): string {
  const words = endpoint.path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return endpoint.method + words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join('');
}

function parametersOf(
  object: z.ZodObject | undefined,
  where: 'path' | 'query' | 'header',
): readonly JsonObject[] {
  if (object === undefined) return [];
  const written = writeSchema(object, 'input');
  const required = new Set(Array.isArray(written.required) ? written.required : []);
  return Object.entries(isObject(written.properties) ? written.properties : {}).map(([name, schema]) => {
    const { description, ...rest } = isObject(schema) ? schema : {};
    return {
      name,
      in: where,
      required: where === 'path' || required.has(name),
      ...(description !== undefined && { description }),
      schema: rest,
    };
  });
}

function requestBody(body: NonNullable<EndpointDescription['body']>, toSchema: SchemaWriter): JsonObject {
  const schema = toSchema(body.schema, 'input');
  const mediaTypes = body.mediaTypes ?? ['application/json'];
  return {
    required: true,
    ...(body.description !== undefined && { description: body.description }),
    content: Object.fromEntries(mediaTypes.map((mediaType) => [mediaType, { schema }])),
  };
}

function responsesOf(endpoint: EndpointDescription, toSchema: SchemaWriter): JsonObject {
  const entries = Object.entries(endpoint.responses).map(([status, response]) => {
    const { description, schema, mediaType = 'application/json' } = response;
    const content =
      schema === undefined ? {} : { content: { [mediaType]: { schema: toSchema(schema, 'output') } } };
    return [status, { description, ...content }];
  });
  return Object.fromEntries(entries);
}

/** One answer for each status; several codes may share one. */
function refusals(codes: readonly ErrorCode[]): JsonObject {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = catalogue[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const entries = [...byStatus].map(([status, shared]) => [
    status,
    {
      description: shared.join(', '),
      ...(shared.some((code) => catalogue[code].retryable) && { headers: retryAfter }),
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Errors' } } },
    },
  ]);
  return Object.fromEntries(entries);
}

const retryAfter = { 'Retry-After': { description: 'Seconds', schema: { type: 'integer' } } };

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
