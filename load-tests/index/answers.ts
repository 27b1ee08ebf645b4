/** One whole answer. */
export interface Answer {
  readonly status: number;
  readonly bodyBytes: number;
  /** The first bytes, as text. */
  readonly beginning: string;
}

const headEnd = '\r\n\r\n';
const kept = 400;

/**
 * Puts the answers of one connection together. It knows as much of HTTP/1.1 as is needed: a head, and a body as long as
 * `Content-Length` says; none after HEAD.
 */
export class AnswerReader {
  #head = '';
  #status = 0;
  #bodyBytes = 0;
  /** Bytes of the body that are still to come; null: the head is not whole. */
  #missing: number | null = null;
  #rest = '';

  /** Begins to wait for the answer to a request with this method. */
  expect(method: string): void {
    this.#head = '';
    this.#rest = '';
    this.#missing = null;
    this.#isHead = method === 'HEAD';
  }

  #isHead = false;

  /** @returns the answer, once it is whole. @throws Error if an answer has a body of unknown length */
  take(chunk: Buffer): Answer | null {
    if (this.#missing === null) {
      this.#head += chunk.toString('latin1');
      const end = this.#head.indexOf(headEnd);
      if (end < 0) return null;
      const body = this.#head.slice(end + headEnd.length);
      this.#begin(this.#head.slice(0, end));
      this.#rest = body.slice(0, kept);
      this.#missing = this.#bodyBytes - body.length;
    } else {
      this.#missing -= chunk.length;
    }
    if (this.#missing > 0) return null;
    return { status: this.#status, bodyBytes: this.#bodyBytes, beginning: this.#rest };
  }

  #begin(head: string): void {
    this.#status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
    const length = /^content-length: (\d+)\r?$/im.exec(head)?.[1];
    if (length === undefined && !this.#isHead)
      throw new Error(`read an answer: status ${this.#status}: must have a Content-Length`);
    this.#bodyBytes = this.#isHead ? 0 : Number(length);
  }
}
