import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';
import { CommandIDs, IMLOps, runArgs } from '../tokens';
import { FailureNote, LoadingNote, TryAgain } from '../ui/notes';
import { useServerNow } from '../ui/now';
import { useSignal } from '../ui/signals';
import { ActiveRuns } from './activeRuns';
import { AttentionList } from './AttentionList';
import { ColumnChooser } from './ColumnChooser';
import { columnsOf, fixedColumns, sameInAll } from './columns';
import { Deletion } from './deletion';
import { DeletionNote } from './DeletionNote';
import { EmptyRuns } from './EmptyRuns';
import { FailedRuns } from './failedRuns';
import { FilterChips } from './FilterChips';
import { isEmpty } from './filters';
import { Memory } from './memory';
import { NowList } from './NowList';
import { QueryField } from './QueryField';
import { openRunMenu } from './runMenu';
import { RunsModel } from './runsModel';
import { RunTable } from './RunTable';
import { SameLine } from './SameLine';
import { SelectionBar } from './SelectionBar';
import { HomeSettings } from './settings';

/** What the tab of runs is made of; all but the first three live longer than it. */
export interface RunsTabParts {
  model: RunsModel;
  active: ActiveRuns;
  failed: FailedRuns;
  deletion: Deletion;
  memory: Memory;
  settings: HomeSettings;
  commands: CommandRegistry;
  mlops: IMLOps;
}

/** The runs of a project: now, needs attention, and all of them as a table. */
export function RunsTab(props: RunsTabParts): React.ReactElement {
  const { model, active, commands, mlops } = props;
  const { trans } = mlops;
  useSignal(model.changed);
  const now = useServerNow(mlops.client.clock, active.runs.length > 0 ? 5_000 : 30_000);
  if (model.rows.length === 0 && isEmpty(model.filters)) {
    if (model.failure) {
      return (
        <FailureNote failure={model.failure}>
          <TryAgain trans={trans} onTry={() => void model.load()} />
        </FailureNote>
      );
    }
    return model.loading ? (
      <LoadingNote text={trans.__('Loading runs…')} />
    ) : (
      <EmptyRuns commands={commands} trans={trans} />
    );
  }
  return (
    <>
      <Top {...props} />
      <Bar {...props} />
      <Table {...props} now={now} />
    </>
  );
}

/** What wants a look before the table. Drawn by itself: while runs run it changes each second. */
function Top(props: RunsTabParts): React.ReactElement {
  const { active, failed, commands, model, mlops } = props;
  useSignal(active.changed);
  useSignal(failed.changed);
  const now = useServerNow(mlops.client.clock, active.runs.length > 0 ? 1_000 : 30_000);
  const shared = { folder: model.folder, now, commands, trans: mlops.trans };
  return (
    <div className="jp-mlops-HomeTop">
      <NowList runs={active.runs} {...shared} />
      <AttentionList items={failed.found} {...shared} />
    </div>
  );
}

function Bar(props: RunsTabParts): React.ReactElement {
  const { model, memory, deletion, mlops } = props;
  const { trans } = mlops;
  useSignal(memory.changed);
  useSignal(deletion.changed);
  const onAsk = async (text: string): Promise<void> => {
    await model.filter({ ...model.filters, text });
    if (!model.queryFailure && !model.failure) {
      memory.use(text.trim());
    }
  };
  return (
    <div className="jp-mlops-HomeFilters">
      <QueryField
        text={model.filters.text}
        failure={model.queryFailure}
        history={memory.queries}
        trans={trans}
        onAsk={text => void onAsk(text)}
      />
      <FilterChips
        filters={model.filters}
        pipelines={model.pipelines}
        experiments={model.experiments}
        trans={trans}
        onFilter={filters => void model.filter(filters)}
      />
      {deletion.folder === model.folder ? (
        <DeletionNote
          progress={deletion.progress}
          left={deletion.left}
          trans={trans}
          onDismiss={() => deletion.dismiss()}
        />
      ) : null}
      {model.failure ? (
        <FailureNote failure={model.failure}>
          <TryAgain trans={trans} onTry={() => void model.load()} />
        </FailureNote>
      ) : null}
    </div>
  );
}

function Table(props: RunsTabParts & { now: number }): React.ReactElement {
  const { model, memory, settings, commands, mlops, now } = props;
  const { trans } = mlops;
  const { rows, selection, facts, folder } = model;
  useSignal(memory.changed);
  useSignal(settings.changed);
  const chosen = memory.columns;
  const most = settings.mostColumns;
  const columns = React.useMemo(
    () => columnsOf(rows.known, facts, chosen, most, trans),
    [rows, facts, chosen, most, trans]
  );
  const selected = [...selection.ids].sort().reverse();
  const filtered = model.queryFailure ? 'wrong' : isEmpty(model.filters) ? 'no' : 'yes';
  const remove = (): void => {
    if (selected.length > 0) {
      void commands.execute(CommandIDs.deleteRuns, { runs: selected, folder });
    }
  };
  const table = { rows, selection, columns, now, trans, order: model.order, loading: model.loading };
  return (
    <>
      <div className="jp-mlops-HomeTableBar">
        <SelectionBar
          {...{ selected, filtered, folder, commands, trans }}
          total={rows.length}
          onClear={() => {
            selection.clear();
            model.selected();
          }}
        />
        <ColumnChooser
          {...{ facts, columns, chosen, trans }}
          fixed={fixedColumns(trans)}
          onChoose={value => (memory.columns = value)}
        />
      </div>
      <SameLine facts={sameInAll(facts, columns)} total={rows.length} known={rows.known.length} trans={trans} />
      <RunTable
        {...table}
        list={model.list}
        addedAbove={model.addedAbove}
        label={trans.__('Runs')}
        onSort={column => void model.sortBy(column)}
        onShow={window => model.show(window)}
        onSelect={() => model.selected()}
        onOpen={run => void commands.execute(CommandIDs.openRun, runArgs({ run, folder }))}
        onDelete={remove}
        onMenu={(x, y) => openRunMenu(commands, model, { x, y })}
      />
      {rows.length === 0 && !model.loading ? (
        <p className="jp-mlops-HomeNone" role="status">
          {trans.__('No run matches. Take a filter away, or see “?” for what can be asked.')}
        </p>
      ) : null}
    </>
  );
}
