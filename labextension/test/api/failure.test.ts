import { describe, expect, it } from 'vitest';
import { asFailure, Failure } from '../../src/api/failure';

describe('asFailure', () => {
  it('leaves a failure as it is', () => {
    const failure = new Failure('conflict', 'It runs.', 'Stop it.', 409);
    expect(asFailure(failure)).toBe(failure);
  });

  it('makes one of anything that is thrown', () => {
    expect(asFailure(new TypeError('no'))).toMatchObject({ code: 'unexpected', message: 'TypeError: no', status: 0 });
    expect(asFailure(new Error('No such file.')).message).toBe('No such file.');
    expect(asFailure('odd')).toMatchObject({ code: 'unexpected', message: 'odd', hint: '' });
    expect(asFailure(undefined)).toBeInstanceOf(Failure);
  });
});
