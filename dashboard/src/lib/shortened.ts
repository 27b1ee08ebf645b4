/** Most characters of what a tool said in a row of a list: the page of its target has more. */
const most = 100;

/** The beginning of a text. */
export function shortened(text: string): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
