import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import * as React from 'react';
import { describe, expect, it, vi } from 'vitest';
import { Failure } from '../../src/api/failure';
import { AttentionList } from '../../src/home/AttentionList';
import { ColumnChooser } from '../../src/home/ColumnChooser';
import { columnsOf, factsOf, fixedColumns } from '../../src/home/columns';
import { Condition } from '../../src/home/Condition';
import { DeletionNote } from '../../src/home/DeletionNote';
import { EmptyRuns } from '../../src/home/EmptyRuns';
import { FilterChips } from '../../src/home/FilterChips';
import { NO_FILTERS } from '../../src/home/filters';
import { FolderSelect } from '../../src/home/FolderSelect';
import { NowList } from '../../src/home/NowList';
import { QueryField } from '../../src/home/QueryField';
import { SameLine } from '../../src/home/SameLine';
import { SelectionBar } from '../../src/home/SelectionBar';
import { CommandIDs } from '../../src/tokens';
import { runNumber } from './fixtures';

const trans = nullTranslator.load('');

function registry(...ids: string[]): { commands: CommandRegistry; execute: ReturnType<typeof vi.fn> } {
  const commands = new CommandRegistry();
  const execute = vi.fn();
  ids.forEach(id => commands.addCommand(id, { label: id, execute: args => execute(id, args) }));
  return { commands, execute };
}

describe('the filter field', () => {
  const field = (failure: Failure | null, onAsk = vi.fn()): ReturnType<typeof vi.fn> => {
    render(<QueryField text="acc >" failure={failure} history={['a = 1']} trans={trans} onAsk={onAsk} />);
    return onAsk;
  };

  it('shows beside it what the server says is wrong, with the hint, and names it to screen readers', () => {
    field(new Failure('usage', 'Wrong at position 6.', 'Write otherwise.', 400));
    const input = screen.getByRole('combobox', { name: 'Filter of runs' });
    expect(screen.getByRole('alert').textContent).toBe('Wrong at position 6. Write otherwise.');
    expect(input.getAttribute('aria-describedby')).toBe(screen.getByRole('alert').id);
    expect(input.getAttribute('aria-invalid')).toBe('true');
  });

  it('asks on Enter, not while one types', async () => {
    const onAsk = field(null);
    await userEvent.type(screen.getByRole('combobox', { name: 'Filter of runs' }), ' 1');
    expect(onAsk).not.toHaveBeenCalled();
    await userEvent.keyboard('{Enter}');
    expect(onAsk).toHaveBeenCalledWith('acc > 1');
  });

  it('has help with examples and what was used before; one of them is used by a press', async () => {
    const onAsk = field(null);
    const opener = screen.getByRole('button', { name: /How to filter/ });
    await userEvent.click(opener);
    await userEvent.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'a = 1' }));
    expect(onAsk).toHaveBeenCalledWith('a = 1');
    expect(screen.getByRole<HTMLInputElement>('combobox', { name: 'Filter of runs' }).value).toBe('a = 1');
    expect(document.activeElement).toBe(opener);
    expect(screen.queryByRole('dialog')).toBeNull();
  });

  it('has help that Escape closes, with the focus back on its button', async () => {
    field(null);
    const opener = screen.getByRole('button', { name: /How to filter/ });
    await userEvent.click(opener);
    await userEvent.keyboard('{Escape}');
    expect([screen.queryByRole('dialog'), document.activeElement]).toEqual([null, opener]);
  });
});

describe('chips', () => {
  it('say whether they are pressed, and filter', async () => {
    const onFilter = vi.fn();
    const filters = { ...NO_FILTERS, states: ['failed'] };
    render(<FilterChips {...{ filters, trans, onFilter }} pipelines={['wine', 'iris']} experiments={[]} />);
    expect(screen.getByRole('button', { name: 'failed' }).getAttribute('aria-pressed')).toBe('true');
    await userEvent.click(screen.getByRole('button', { name: 'running' }));
    await userEvent.selectOptions(screen.getByRole('combobox', { name: 'Filter by pipeline' }), 'iris');
    expect(onFilter.mock.calls.map(([asked]) => asked)).toEqual([
      { ...filters, states: ['failed', 'running'] },
      { ...filters, pipelines: ['iris'] }
    ]);
  });

  it('of picked values are taken away by a press', async () => {
    const onFilter = vi.fn();
    const filters = { ...NO_FILTERS, pipelines: ['wine'] };
    render(<FilterChips {...{ filters, trans, onFilter }} pipelines={['wine']} experiments={[]} />);
    await userEvent.click(screen.getByRole('button', { name: 'Pipeline wine: take away' }));
    expect(onFilter).toHaveBeenCalledWith(NO_FILTERS);
  });
});

describe('now', () => {
  it('shows how far each run is, and stops one', async () => {
    const { commands, execute } = registry(CommandIDs.cancelRun);
    const run = runNumber(1, { state: 'running', seconds: null, finished: null, tasks: { succeeded: 2, pending: 3 } });
    render(<NowList runs={[run]} folder="work" now={63} commands={commands} trans={trans} />);
    expect(screen.getByRole('progressbar', { name: '2 of 5 tasks' })).toBeTruthy();
    expect(screen.getByText('1 min 02 s')).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: /Stop/ }));
    expect(execute).toHaveBeenCalledWith(CommandIDs.cancelRun, { run: run.run, folder: 'work', state: 'running' });
  });
});

describe('needs attention', () => {
  const items = [1, 2, 3, 4].map(number => ({
    run: runNumber(number, { state: 'failed', reason: `cause ${number}`, interrupted: number === 2 }),
    earlier: number - 1
  }));

  it('shows the reason, what was interrupted, and a button to go on', async () => {
    const { commands, execute } = registry(CommandIDs.retryRun, CommandIDs.openRun);
    render(<AttentionList items={items.slice(0, 2)} folder="" now={100} commands={commands} trans={trans} />);
    expect(screen.getByText('cause 1')).toBeTruthy();
    expect(screen.getByText(/It was interrupted.*cause 2/)).toBeTruthy();
    await userEvent.click(screen.getAllByRole('button', { name: 'Retry' })[1]);
    expect(execute.mock.calls[0][1]).toMatchObject({ run: items[1].run.run });
  });

  it('shows a few, and all if one asks', async () => {
    render(<AttentionList items={items} folder="" now={100} commands={new CommandRegistry()} trans={trans} />);
    expect(screen.queryByText('cause 4')).toBeNull();
    await userEvent.click(screen.getByRole('button', { name: 'Show all 4' }));
    expect(screen.getByText('cause 4')).toBeTruthy();
  });

  it('is not there if nothing does', () => {
    const { container } = render(
      <AttentionList items={[]} folder="" now={1} commands={new CommandRegistry()} trans={trans} />
    );
    expect(container.textContent).toBe('');
  });
});

describe('what can be done with selected runs', () => {
  const bar = (selected: string[]): ReturnType<typeof registry> => {
    const made = registry(CommandIDs.openRun, CommandIDs.compareRuns, CommandIDs.deleteRuns);
    const { commands } = made;
    render(
      <SelectionBar {...{ selected, commands, trans }} total={5} filtered="no" folder="w" onClear={() => undefined} />
    );
    return made;
  };
  const names = (): (string | null)[] => screen.queryAllByRole('button').map(button => button.textContent);

  it('is nothing without a selection: the number of runs is told', () => {
    bar([]);
    expect([screen.getByRole('status').textContent, names()]).toEqual(['5 runs', []]);
  });

  it('is to compare two, the older one first', async () => {
    const { execute } = bar(['newer', 'older']);
    await userEvent.click(screen.getByRole('button', { name: CommandIDs.compareRuns }));
    expect(execute.mock.calls[0][1]).toEqual({ run: 'older', other: 'newer', folder: 'w' });
  });

  it('is to delete several with one question', async () => {
    const { execute } = bar(['a', 'b', 'c']);
    expect(names()).toEqual([CommandIDs.deleteRuns, 'Select none']);
    await userEvent.click(screen.getByRole('button', { name: CommandIDs.deleteRuns }));
    expect(execute).toHaveBeenCalledWith(CommandIDs.deleteRuns, { runs: ['a', 'b', 'c'], folder: 'w' });
  });
});

describe('the columns', () => {
  const runs = [runNumber(2, { params: { a: 1, b: 1 } }), runNumber(1, { params: { a: 2, b: 1 } })];
  const facts = factsOf(runs);

  it('are chosen by boxes; what was not chosen follows what differs', async () => {
    const onChoose = vi.fn();
    const columns = columnsOf(runs, facts, {}, 8, trans);
    render(<ColumnChooser {...{ facts, columns, trans, onChoose }} fixed={fixedColumns(trans)} chosen={{}} />);
    await userEvent.click(screen.getByRole('button', { name: 'Choose columns' }));
    expect((screen.getByRole('checkbox', { name: /^a/ }) as HTMLInputElement).checked).toBe(true);
    await userEvent.click(screen.getByRole('checkbox', { name: /^b same in all/ }));
    expect(onChoose).toHaveBeenCalledWith({ 'params.b': true });
  });

  it('leave out what is the same in all, which is told in a line', () => {
    render(<SameLine facts={facts.filter(fact => fact.name === 'b')} total={2} known={2} trans={trans} />);
    expect(screen.getByTestId('mlops-home-same').textContent).toBe('Same in all: b = 1');
  });
});

describe('the project', () => {
  it('is the one where one works unless another is chosen', async () => {
    const onChoose = vi.fn();
    const onAsk = vi.fn();
    render(<FolderSelect folder="a/b" chosen="c" folders={['a/b', '']} {...{ trans, onChoose, onAsk }} />);
    const select = screen.getByRole('combobox', { name: 'Project of' }) as HTMLSelectElement;
    expect(select.value).toBe('/c');
    await userEvent.selectOptions(select, '/ (the top folder)');
    await userEvent.selectOptions(select, 'where you work: a/b');
    await userEvent.selectOptions(select, 'another folder…');
    expect([onChoose.mock.calls, onAsk.mock.calls.length]).toEqual([[[''], [null]], 1]);
  });
});

describe('states of the whole', () => {
  it('a server that is not there is told, with a button to try again', async () => {
    const onTry = vi.fn();
    const failure = new Failure('missing', 'The server has no MLOps part.', 'Install it.');
    render(<Condition failure={failure} connected={true} trans={trans} onTry={onTry} />);
    expect(screen.getByRole('alert').textContent).toContain('Install it.');
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(onTry).toHaveBeenCalled();
  });

  it('a lost connection is told, and nothing if all is well', () => {
    const { rerender, container } = render(
      <Condition failure={null} connected={false} trans={trans} onTry={() => undefined} />
    );
    expect(screen.getByRole('alert').textContent).toContain('The connection to the server is lost');
    rerender(<Condition failure={null} connected={true} trans={trans} onTry={() => undefined} />);
    expect(container.textContent).toBe('');
  });

  it('a project without runs says how to begin, and offers the notebook that is open', () => {
    const { commands } = registry(CommandIDs.runNotebook, CommandIDs.openExample);
    render(<EmptyRuns commands={commands} trans={trans} />);
    expect(screen.getByText('This project has no runs yet.')).toBeTruthy();
    expect(screen.getAllByRole('button').length).toBe(2);
  });

  it('what could not be deleted is told with the reason', () => {
    const left = Array.from({ length: 7 }, (_, number) => ({
      run: `run-0000000${number}`,
      failure: new Failure('busy', `busy ${number}`)
    }));
    render(<DeletionNote progress={null} left={left} trans={trans} onDismiss={() => undefined} />);
    expect(screen.getByRole('alert').textContent).toContain('7 runs could not be deleted.');
    expect(screen.getByText('and 2 more')).toBeTruthy();
  });
});
