import { systemClock } from '../lib/clock.ts';
import { fetchText } from '../lib/fetch-text.ts';
import { explainDelivery } from '../source/webhook/explain.ts';
import type { Command } from './command.ts';
import { configCommand } from './config-command.ts';
import { hooksCommand } from './hooks-command.ts';
import { ledgerCommand } from './ledger-command.ts';
import { openLedgerTool, restoreLedger } from './ledger-tool.ts';
import { tokenCommand } from './token-command.ts';

/** All but `serve`. */
export const commands: readonly Command[] = [
  configCommand,
  tokenCommand(),
  ledgerCommand({ open: openLedgerTool, restore: restoreLedger }),
  hooksCommand(({ hook, body, headers, pathToken }) =>
    explainDelivery(
      hook,
      { body: Buffer.from(body), headers, pathToken },
      { clock: systemClock, fetchText },
      true,
    ),
  ),
];
