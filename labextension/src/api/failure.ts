/** What went wrong in a request: a sentence, and the way out. `code` is stable; `status` is 0 without a connection. */
export class Failure extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly hint: string = '',
    readonly status: number = 0
  ) {
    super(message);
  }
}

/** Any thrown thing as a Failure. */
export function asFailure(thrown: unknown): Failure {
  // That it is an error is known; another name, such as TypeError, says something.
  return thrown instanceof Failure ? thrown : new Failure('unexpected', String(thrown).replace(/^Error: /, ''));
}
