/** How a command hears of a change: variables, and one line on standard input. Never in its text. */
import { changeVariables } from '../../../event/change-variables.ts';
import { factsOf, type Item, sentOf } from '../item.ts';

/** Variables of a change, or of a row of a snapshot. */
export function itemVariables(item: Item): Readonly<Record<string, string>> {
  return changeVariables(factsOf(item));
}

/** The line for standard input. */
export function changeInput(item: Item): string {
  return `${JSON.stringify(sentOf(item))}\n`;
}
