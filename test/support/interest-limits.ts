import { loadConfig } from '../../src/config/config.ts';
import type { InterestLimits } from '../../src/fanout/interests.ts';

/** As a gateway has them whose configuration sets none. */
export const defaultInterestLimits: InterestLimits = loadConfig({ env: {} }).limits;
