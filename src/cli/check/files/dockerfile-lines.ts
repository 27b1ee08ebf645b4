/**
 * Instructions of a Dockerfile (Dockerfile reference, "Format", "Parser directives", "Here-documents"): comments and
 * here-documents are left out, and continued lines are joined.
 */
import { InputError } from '../../command.ts';

export interface Instruction {
  /** In upper case. */
  readonly name: string;
  readonly text: string;
  /** Of its first line, from 1. */
  readonly line: number;
}

/** Of a line without white space around it: an expression that looks for its end itself takes quadratic time. */
const directiveGrammar = /^#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+)$/;
/** Longest instruction, characters. The expressions that read one need a stack that grows with it. */
export const maxInstruction = 1024 * 1024;
const instructionGrammar = /^\s*([A-Za-z]+)(?:\s+(.*))?$/s;
/** Instructions that may have here-documents. */
const withDocuments: ReadonlySet<string> = new Set(['RUN', 'COPY', 'ADD', 'ONBUILD']);

/** @throws InputError if a here-document does not end, or an instruction is too long */
export function readInstructions(path: string, text: string): readonly Instruction[] {
  const lines = text.replace(/^\u{feff}/u, '').split(/\r?\n/);
  const mark = escapeOf(lines);
  const continued = new RegExp(`${mark === '`' ? '`' : '\\\\'}[ \\t]*$`);
  const instructions: Instruction[] = [];
  const isPassedOver = (text: string) => text.trim() === '' || /^\s*#/.test(text);
  for (let at = 0; at < lines.length; at++) {
    if (isPassedOver(lines[at] ?? '')) continue;
    const line = at + 1;
    let joined = '';
    for (; at < lines.length; at++) {
      const next = lines[at] ?? '';
      // Comments and empty lines do not end a continued line.
      if (isPassedOver(next)) continue;
      joined += next.replace(continued, '');
      if (!continued.test(next)) break;
    }
    if (joined.length > maxInstruction)
      throw new InputError(
        `read ${path}: line ${line}: longer than ${maxInstruction} characters: must be shorter`,
      );
    const match = instructionGrammar.exec(joined);
    if (match?.[1] === undefined) continue;
    const instruction = { name: match[1].toUpperCase(), text: match[2]?.trim() ?? '', line };
    instructions.push(instruction);
    if (withDocuments.has(instruction.name)) at = skipDocuments(path, lines, at, instruction);
  }
  return instructions;
}

/** The escape character: of directives at the very top, before any comment, empty line or instruction. */
function escapeOf(lines: readonly string[]): '\\' | '`' {
  for (const line of lines) {
    const [, name = '', value] = directiveGrammar.exec(line.trimEnd()) ?? [];
    if (name === '') return '\\';
    if (name.toLowerCase() === 'escape') return value === '`' ? '`' : '\\';
  }
  return '\\';
}

/** @returns the index of the last line of the instruction's here-documents */
function skipDocuments(path: string, lines: readonly string[], at: number, instruction: Instruction): number {
  let last = at;
  for (const word of wordsOf(instruction.text)) {
    const [, dash, quoted] = /^\d*<<(-?)([^<]+)$/s.exec(word) ?? [];
    if (quoted === undefined) continue;
    const end = quoted.replaceAll(/["']/g, '');
    do {
      last++;
      if (last >= lines.length)
        throw new InputError(
          `read ${path}: line ${instruction.line}: <<${end} without its end: must be closed`,
        );
    } while ((dash === '-' ? lines[last]?.replace(/^\t+/, '') : lines[last]) !== end);
  }
  return last;
}

/** Splits at white space outside quotes; quotes stay. */
export function wordsOf(text: string): readonly string[] {
  return text.match(/(?:"(?:\\.|[^"\\]+)*"?|'[^']*'?|\\.|[^\s"'\\]+|\\$)+/gs) ?? [];
}
