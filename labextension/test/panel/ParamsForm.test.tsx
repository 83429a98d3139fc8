import { nullTranslator } from '@jupyterlab/translation';
import { JSONValue } from '@lumino/coreutils';
import { fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import * as React from 'react';
import { expect, it, vi } from 'vitest';
import { Parameter } from '../../src/api/shapes';
import { ParamsForm } from '../../src/panel/ParamsForm';

const trans = nullTranslator.load('');
const PARAMETERS: Parameter[] = [
  { name: 'rate', type: 'float', default: 0.1, required: false },
  { name: 'kind', type: "Literal['a', 'b']", default: 'a', required: false },
  { name: 'fast', type: 'bool', default: false, required: false },
  { name: 'where', type: 'str', default: null, required: true }
];

type Values = { [name: string]: JSONValue };

/** The form with a memory, as the pipeline's model is. */
function Form({ seen }: { seen: (name: string, value: JSONValue | undefined) => void }): React.ReactElement {
  const [values, setValues] = React.useState<Values>({});
  const change = (name: string, value: JSONValue | undefined): void => {
    seen(name, value);
    const { [name]: _, ...others } = values;
    setValues(value === undefined ? others : { ...others, [name]: value });
  };
  return <ParamsForm parameters={PARAMETERS} values={values} trans={trans} onChange={change} />;
}

it('is not there without parameters', () => {
  const { container } = render(<ParamsForm parameters={[]} values={{}} trans={trans} onChange={vi.fn()} />);
  expect(container.childElementCount).toBe(0);
});

it('gives values of the right type', async () => {
  const seen = vi.fn();
  render(<Form seen={seen} />);
  fireEvent.change(screen.getByLabelText('rate'), { target: { value: '1e-2' } });
  await userEvent.selectOptions(screen.getByLabelText('kind'), 'b');
  await userEvent.click(screen.getByLabelText('fast'));
  await userEvent.type(screen.getByLabelText(/^where/), 'x');
  expect(seen.mock.calls).toEqual([
    ['rate', 0.01],
    ['kind', 'b'],
    ['fast', true],
    ['where', 'x']
  ]);
});

it('keeps what is no number yet, says so, and gives nothing', () => {
  const seen = vi.fn();
  render(<Form seen={seen} />);
  fireEvent.change(screen.getByLabelText('rate'), { target: { value: '1e' } });
  expect((screen.getByLabelText('rate') as HTMLInputElement).value).toBe('1e');
  expect(screen.getByRole('alert').textContent).toMatch(/number/);
  expect(seen).not.toHaveBeenCalled();
});

it('sets a value back to the notebook’s', async () => {
  const seen = vi.fn();
  render(<Form seen={seen} />);
  fireEvent.change(screen.getByLabelText('rate'), { target: { value: '2' } });
  expect(screen.getByText('1 changed')).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: /Set rate back/ }));
  expect(seen).toHaveBeenLastCalledWith('rate', undefined);
  expect((screen.getByLabelText('rate') as HTMLInputElement).value).toBe('0.1');
});

it('shows nothing for a required parameter that was not given', () => {
  render(<Form seen={vi.fn()} />);
  expect((screen.getByLabelText(/^where/) as HTMLInputElement).value).toBe('');
});
