/** The commands besides `serve`, given what they need of other parts. */

import type { Command } from '../cli/command.ts';
import { configCommand } from '../cli/config-command.ts';
import { hooksCommand } from '../cli/hooks-command.ts';
import { ledgerCommand } from '../cli/ledger-command.ts';
import { tokenCommand } from '../cli/token-command.ts';
import type { Check } from '../config/config.ts';
import { systemClock } from '../lib/clock.ts';
import { fetchText } from '../lib/fetch-text.ts';
import { explainDelivery } from '../source/webhook/explain.ts';
import { openLedgerTool, restoreLedger } from './ledger-tool.ts';

export function commandsOf(checks: readonly Check[]): readonly Command[] {
  return [
    configCommand(checks),
    tokenCommand(checks),
    ledgerCommand({ open: openLedgerTool, restore: restoreLedger, checks }),
    hooksCommand(
      ({ hook, body, headers, pathToken }) =>
        explainDelivery(
          hook,
          { body: Buffer.from(body), headers, pathToken },
          { clock: systemClock, fetchText },
          true,
        ),
      checks,
    ),
  ];
}
