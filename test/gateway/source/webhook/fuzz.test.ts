/**
 * A sample of the fuzzing in `npm test`. More: `npm run fuzz:webhooks`, which sets FUZZ_CASES (and FUZZ_SEED
 * to repeat a run).
 */
import { expect, test } from 'vitest';
import { fuzzWebhooks } from '../../../support/webhook-fuzz.ts';

const cases = Number(process.env.FUZZ_CASES ?? 3_000);
const seed = Number(process.env.FUZZ_SEED ?? Math.trunc(Math.random() * 2 ** 31));

test(`${cases} mutated deliveries (seed ${seed}) make no 500, no unhandled rejection and no invalid reference`, async () => {
  const { statuses } = await fuzzWebhooks(cases, seed);
  console.log(`webhook fuzz: seed ${seed}, ${cases} cases, answers ${JSON.stringify(statuses)}`);
  // That nothing but refusals came would only show that the mutations are too rough.
  expect(statuses['202'] ?? 0).toBeGreaterThan(cases / 20);
}, 3_600_000);
