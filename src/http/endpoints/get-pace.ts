import { z } from 'zod';
import type { Endpoint } from '../endpoint.ts';

/** What `GET /v1/pace` tells, and `PUT` answers. */
export const paceSchema = z.looseObject({
  deliveriesPerSecond: z.number().describe('R in force for a repository without an override of its own'),
  configuredDeliveriesPerSecond: z.number(),
  overrides: z
    .array(
      z.looseObject({
        pattern: z.string().nullable().describe('Repositories; null: all'),
        deliveriesPerSecond: z.number(),
        forMs: z
          .number()
          .nullable()
          .describe('0: over, and R rises to what is configured; null: until replaced'),
      }),
    )
    .describe('The newest first; the first that fits a repository counts'),
  heldDeliveries: z.number().describe('Deliveries that are held back now'),
  windowMs: z.number().describe('In how long they are out, if the rate stays'),
  waitingReplays: z.number(),
  deliveries: z.number().describe('Changes delivered by this gateway since its start, paced or not'),
  registries: z
    .record(z.string(), z.number())
    .describe('Registries that asked for fewer requests: their part of R, which rises to 1'),
  gateway: z.string().describe('Name of the gateway that answers: overrides hold for it alone'),
});

/** `GET /v1/pace`. @param gateway name of the gateway that answers: overrides hold for it alone */
export function getPace(pace: { describe(): object }, gateway: string): Endpoint {
  return {
    method: 'get',
    path: '/v1/pace',
    summary: 'Current pace',
    tag: 'operation',
    mayCall: 'admin',
    responses: { 200: { description: 'The pace', schema: paceSchema } },
    handle: (_request, reply) => reply.send({ ...pace.describe(), gateway }),
  };
}
