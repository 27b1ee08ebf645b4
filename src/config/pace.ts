import { z } from 'zod';
import {
  duration,
  flag,
  integer,
  list,
  maxListed,
  rate,
  rename,
  repositoryPattern,
} from './settings/values.ts';

const paceRule = z
  .strictObject({
    repository: repositoryPattern().describe(
      'Repositories of this rule; the first rule that matches applies',
    ),
    deliveriesPerSecond: rate(0.01, 10_000_000).optional().describe('As `pace.deliveriesPerSecond`'),
    maxWindow: duration('1s', '30d').optional().describe('As `pace.maxWindow`'),
    burst: integer(0, 10_000_000).optional().describe('As `pace.burst`'),
  })
  .transform(rename({ repository: 'pattern', maxWindow: 'maxWindowMs' }));

/** The `pace` section: how fast changes go out. */
export const pace = z
  .strictObject({
    deliveriesPerSecond: rate(0.01, 10_000_000)
      .default(500)
      .describe('Deliveries a second over all gateways: as many pulls as the registry can serve'),
    maxWindow: duration('1s', '30d')
      .prefault('10m')
      .describe(
        'Longest time that a delivery is held back; the rate rises if that is needed to finish in time',
      ),
    burst: integer(0, 10_000_000)
      .default(100)
      .describe('A change for at most this many subscribers goes out at once'),
    allowNone: flag()
      .optional()
      .describe('Anyone may use `pace=none`. Default: only with open access on loopback'),
    priority: list(repositoryPattern(), 'repositories or globs', maxListed)
      .default([])
      .describe('Repositories whose changes go first'),
    rules: list(paceRule, 'rules', maxListed).prefault([]).describe('Other paces for some repositories'),
  })
  .transform(({ allowNone = false, ...value }) => ({ allowNone, ...value }))
  .transform(rename({ maxWindow: 'maxWindowMs', rules: 'exceptions' }));
