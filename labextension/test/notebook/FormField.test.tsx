import { nullTranslator } from '@jupyterlab/translation';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import * as React from 'react';
import { describe, expect, it, vi } from 'vitest';
import { FormField, FormFieldProps } from '../../src/notebook/FormField';

const trans = nullTranslator.load('jupyter_mlops');

function field(props: Partial<FormFieldProps> = {}): React.ReactElement {
  const all: FormFieldProps = {
    name: 'cpu',
    owner: 'c1',
    title: 'CPU',
    description: 'Cores, for example: 2',
    schema: { accepts: ['number', 'string'] },
    value: undefined,
    found: '',
    known: [],
    trans,
    check: () => '',
    onChange: () => undefined,
    ...props
  };
  return <FormField {...all} />;
}

describe('a field of the property inspector', () => {
  it('has a label and a help text', () => {
    render(field());
    expect(screen.getByLabelText('CPU').getAttribute('aria-describedby')).toBe(
      screen.getByText('Cores, for example: 2').id
    );
  });

  it('writes once, when the person leaves it', async () => {
    const onChange = vi.fn();
    render(field({ onChange }));
    await userEvent.type(screen.getByLabelText('CPU'), '500m');
    expect(onChange).not.toHaveBeenCalled();
    await userEvent.tab();
    await waitFor(() => expect(onChange).toHaveBeenCalledExactlyOnceWith('500m'));
  });

  it('writes on Enter too', async () => {
    const onChange = vi.fn();
    render(field({ onChange }));
    await userEvent.type(screen.getByLabelText('CPU'), '2{Enter}');
    expect(onChange).toHaveBeenCalledExactlyOnceWith(2);
  });

  it('removes the key when it is emptied', async () => {
    const onChange = vi.fn();
    render(field({ value: 2, onChange }));
    await userEvent.clear(screen.getByLabelText('CPU'));
    await userEvent.keyboard('{Enter}');
    expect(onChange).toHaveBeenCalledExactlyOnceWith(undefined);
  });

  it('writes nothing when nothing was changed', async () => {
    const onChange = vi.fn();
    render(field({ value: 2, onChange }));
    await userEvent.type(screen.getByLabelText('CPU'), ' {Enter}');
    expect(onChange).not.toHaveBeenCalled();
  });

  it('says what is wrong and keeps what was written', async () => {
    const onChange = vi.fn();
    render(field({ onChange, check: () => 'That is no number of cores.' }));
    await userEvent.type(screen.getByLabelText('CPU'), 'many{Enter}');
    expect(screen.getByRole('alert').textContent).toBe('That is no number of cores.');
    expect(onChange).not.toHaveBeenCalled();
    expect(screen.getByLabelText<HTMLInputElement>('CPU').value).toBe('many');
  });

  it('names the line that is no pair', async () => {
    render(field({ schema: { accepts: ['object'] } }));
    await userEvent.type(screen.getByLabelText('CPU'), 'A=1\nB');
    await userEvent.tab();
    expect((await screen.findByRole('alert')).textContent).toContain('"B"');
  });

  it('offers yes, no and neither for a switch, and writes at once', async () => {
    const onChange = vi.fn();
    render(field({ title: 'Cache', schema: { accepts: ['boolean'] }, value: undefined, onChange }));
    const options = screen.getAllByRole<HTMLOptionElement>('option').map(option => option.text);
    expect(options).toEqual(['not set', 'yes', 'no']);
    await userEvent.selectOptions(screen.getByLabelText('Cache'), 'no');
    expect(onChange).toHaveBeenCalledExactlyOnceWith(false);
  });

  it('shows what counts while nothing is set', () => {
    render(field({ found: 'train', schema: { accepts: ['string'] } }));
    expect(screen.getByPlaceholderText('train')).toBe(screen.getByLabelText('CPU'));
  });

  it('follows a value that changes elsewhere', () => {
    const { rerender } = render(field({ value: 2 }));
    rerender(field({ value: 4 }));
    expect(screen.getByLabelText<HTMLInputElement>('CPU').value).toBe('4');
  });

  it('keeps what is typed when the form is built anew around it, and writes it when it is left', async () => {
    const onChange = vi.fn();
    const first = render(field({ onChange }));
    await userEvent.type(screen.getByLabelText('CPU'), '0.5');
    first.unmount();
    render(field({ onChange }));
    const again = screen.getByLabelText('CPU') as HTMLInputElement;
    expect(again.value).toBe('0.5');
    again.focus();
    await userEvent.tab();
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledWith(0.5));
  });

  it('does not give what was typed for one cell to another', async () => {
    const first = render(field());
    await userEvent.type(screen.getByLabelText('CPU'), '0.5');
    first.unmount();
    render(field({ owner: 'c2' }));
    expect((screen.getByLabelText('CPU') as HTMLInputElement).value).toBe('');
  });
});
