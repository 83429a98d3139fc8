import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Failure } from '../api/failure';

/** What went wrong, the way out, and buttons for it. Read aloud when it appears. */
export function FailureNote(props: { failure: Failure; children?: React.ReactNode }): React.ReactElement {
  return (
    <div className="jp-mlops-Note jp-mlops-mod-error" role="alert" data-testid="mlops-failure">
      <p className="jp-mlops-NoteTitle">{props.failure.message}</p>
      {props.failure.hint ? <p className="jp-mlops-NoteHint">{props.failure.hint}</p> : null}
      {props.children}
    </div>
  );
}

/** The button below what went wrong. */
export function TryAgain(props: { trans: TranslationBundle; onTry: () => void; testid?: string }): React.ReactElement {
  return (
    <button className="jp-mod-styled jp-mlops-Button" data-testid={props.testid} onClick={props.onTry}>
      {props.trans.__('Try again')}
    </button>
  );
}

/** Words for a place where there is nothing yet, and how to begin. */
export function EmptyNote(props: { title: string; children?: React.ReactNode }): React.ReactElement {
  return (
    <div className="jp-mlops-Note jp-mlops-mod-empty">
      <p className="jp-mlops-NoteTitle">{props.title}</p>
      {props.children}
    </div>
  );
}

/** Something is on its way. */
export function LoadingNote(props: { text: string }): React.ReactElement {
  return (
    <div className="jp-mlops-Note jp-mlops-mod-loading" role="status">
      <span className="jp-mlops-Spinner" aria-hidden="true" />
      {props.text}
    </div>
  );
}
