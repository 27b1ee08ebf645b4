/**
 * Whether `Accept` or `Accept-Encoding` names the value with a weight above zero (RFC 9110, 12.4.2). Wildcards do not
 * count: who sends only those is no browser.
 *
 * @param value in lower case
 */
export function accepts(header: string | undefined, value: string): boolean {
  return (header ?? '')
    .toLowerCase()
    .split(',')
    .some((each) => {
      const [name, ...parameters] = each.split(';').map((part) => part.trim());
      const weight = parameters.find((parameter) => parameter.startsWith('q='));
      return name === value && (weight === undefined || Number(weight.slice(2)) > 0);
    });
}
